import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Changes one byte of every place in the folder's files that holds the text. */
export async function damage(folder: string, text: string): Promise<void> {
  let places = 0;
  for (const name of await readdir(folder, { recursive: true })) {
    const file = join(folder, name);
    if (!(await stat(file)).isFile()) continue;
    const bytes = await readFile(file);
    const before = places;
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      places++;
    }
    if (places > before) await writeFile(file, bytes);
  }
  if (places === 0) throw new Error(`no file in ${folder} holds ${text}`);
}
