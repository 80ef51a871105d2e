import { readFile } from 'node:fs/promises';
import { bodyCrc, decodeRecords } from '@halfmq/remoting/record';
import { encodeKeyFile, keyFileOf, namesSegment } from '../index/key-file.js';
import type { KeyRun } from '../index/key-run.js';
import { salvage } from '../log/page-scan.js';
import type { Segment } from '../log/segment.js';
import { CheckSegment } from './check-segment.js';
import { Findings } from './findings.js';
import { StoreFolder, type SegmentFile, type StoreFolderOptions } from './store-folder.js';

export interface VerifyProgress {
  readonly file: string;
  /** log bytes looked at, of all there are */
  readonly done: number;
  readonly total: number;
}

/** Log bytes looked at in one turn of the event loop. */
const SLICE = 8 * 1024 * 1024;

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Reads every byte of the log and compares what can be compared. @throws StoreError when there is none */
export async function verifyStore(
  options: StoreFolderOptions,
  onProgress: (progress: VerifyProgress) => void = () => undefined,
): Promise<Findings> {
  const folder = new StoreFolder(options);
  const files = folder.someFiles().filter(({ header, inDoubt }) => header ?? inDoubt);
  const findings = new Findings();
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  for (const [index, file] of files.entries()) {
    const report = (part: number): void =>
      onProgress({ file: file.path, done: done + Math.min(part, file.bytes), total });
    report(0);
    if (file.inDoubt) checkInDoubt(file, findings);
    else await check(folder, file, files[index + 1], findings, report);
    done += file.bytes;
  }
  onProgress({ file: '', done, total });
  return findings;
}

async function check(
  folder: StoreFolder,
  file: SegmentFile,
  next: SegmentFile | undefined,
  findings: Findings,
  report: (done: number) => void,
): Promise<void> {
  const segment = folder.segment(file);
  try {
    const { base } = segment.header;
    const last = segment.lastBlock();
    const end = last ? last.physicalOffset + last.length : base;
    const follows = next?.header?.base;
    if (follows !== undefined && follows !== end) {
      findings.damaged(file.path, end, `it ends here, and the next one begins at ${follows}`);
    }
    const checking = new CheckSegment(segment, end, findings);
    const run = checking.run();
    let reported = base;
    let step = run.next();
    for (; !step.done; step = run.next()) {
      if (step.value - reported < SLICE) continue;
      reported = step.value;
      report(reported - base);
      await turn();
    }
    if (step.value && next?.header) await checkKeys(segment, checking.keys, end, findings);
  } catch (error) {
    findings.damaged(file.path, undefined, error instanceof Error ? error.message : String(error));
  } finally {
    await segment.close();
  }
}

async function checkKeys(segment: Segment, run: KeyRun, end: number, findings: Findings): Promise<void> {
  const path = keyFileOf(segment.path);
  const { segmentId, base } = segment.header;
  const name = { path, segmentId, base, end };
  const found = await readFile(path).catch(() => undefined);
  if (!found || !namesSegment(found, name)) {
    findings.notes.push(`${path}: missing or not of this segment; made when somebody asks for a key`);
    return;
  }
  findings.keyFiles++;
  if (found.equals(await encodeKeyFile(name, run, turn))) return;
  findings.damaged(
    path,
    undefined,
    'the keys are not those of the records: delete this file, it is made again',
  );
}

/** Of a machine that went down: what the next start will find. */
function checkInDoubt({ path }: SegmentFile, findings: Findings): void {
  const found = salvage(path);
  if (!found) {
    findings.notes.push(
      `${path}: nothing whole is in it since the machine went down, the next start removes it`,
    );
    return;
  }
  findings.segments++;
  let { base: end } = found.header;
  for (const { physicalOffset, records } of found.blocks()) {
    findings.blocks++;
    findings.recordBytes += records.length;
    for (const record of decodeRecords(records)) {
      findings.records++;
      if (bodyCrc(record.body) === record.bodyCrc) continue;
      findings.damaged(path, record.physicalOffset, 'the checksum of a body is wrong');
    }
    end = physicalOffset + records.length;
  }
  found.close();
  findings.notes.push(
    `${path}: in doubt since the machine went down; it is whole up to ${end}, and the next start builds it again`,
  );
}
