import { z } from 'zod'

/** zod would compile its checks with `new Function`, which a strict content security policy refuses. Must come first. */
z.config({ jitless: true })
