import { type TemplateRunner, writeTexts } from '../template-texts.ts'

/** For templates that are known to end. */
export const runTemplate: TemplateRunner = async (task) => writeTexts(task)
