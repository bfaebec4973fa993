/** Texts that try to be more than text. */
export const attacks: readonly string[];
