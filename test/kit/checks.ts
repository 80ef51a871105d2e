/** What a sender was told, and what a reader found: the two halves of every "nothing lost" promise. */
export interface Answered {
  readonly uniqueKey: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly body: string;
}

export interface Found {
  readonly uniqueKey: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly body: string;
  readonly crcHolds: boolean;
}

export interface Verdict {
  readonly lost: readonly Answered[];
  readonly moved: readonly Answered[];
  readonly corrupt: readonly Found[];
  /** `queueId:offset` of every offset between the first and the last found one that no message has, or two have. */
  readonly gaps: readonly string[];
}

/** Compares the two; an empty verdict in every list is the promise kept. */
export function compare(answered: readonly Answered[], found: readonly Found[]): Verdict {
  const byKey = new Map(found.map((message) => [message.uniqueKey, message]));
  const lost = answered.filter((message) => !byKey.has(message.uniqueKey));
  const moved = answered.filter((message) => {
    const there = byKey.get(message.uniqueKey);
    return (
      there !== undefined && (there.queueId !== message.queueId || there.queueOffset !== message.queueOffset)
    );
  });
  const bodies = new Map(answered.map((message) => [message.uniqueKey, message.body]));
  const corrupt = found.filter(
    (message) => !message.crcHolds || (bodies.get(message.uniqueKey) ?? message.body) !== message.body,
  );
  return { lost, moved, corrupt, gaps: gapsOf(found) };
}

function gapsOf(found: readonly Found[]): string[] {
  const queues = new Map<number, number[]>();
  for (const { queueId, queueOffset } of found) {
    const offsets = queues.get(queueId) ?? [];
    offsets.push(queueOffset);
    queues.set(queueId, offsets);
  }
  const gaps: string[] = [];
  for (const [queueId, offsets] of queues) {
    offsets.sort((a, b) => a - b);
    for (let i = 1; i < offsets.length; i++) {
      if (offsets[i] !== (offsets[i - 1] ?? 0) + 1) gaps.push(`${queueId}:${offsets[i]}`);
    }
  }
  return gaps;
}
