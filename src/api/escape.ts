// C0 and C1 controls, DEL, line and paragraph separators, and the marks that reorder or hide text.
const unprintable =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\p{Surrogate}/gu;

/**
 * Foreign text (a backend's error, a key, a file name) as it may stand in a log line, a condition or on a terminal:
 * what moves the cursor, starts a line, reorders or hides becomes `\n`, `\t`, `\x1b` or `\u202e`.
 */
export function escapeControl(text: string): string {
  return text.replace(unprintable, escape);
}

function escape(character: string): string {
  if (character === "\n") return String.raw`\n`;
  if (character === "\r") return String.raw`\r`;
  if (character === "\t") return String.raw`\t`;
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
