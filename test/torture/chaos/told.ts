/** What a service of the chaos tells its parent, one message an event: what it has not told when it is killed is lost. */
export type Told =
  /** it is connected to everything */
  | 'ready'
  | 'committed'
  | 'rolledBack'
  /** lost its database or its broker in the middle */
  | 'failed'
  | 'check'
  /** a check said no first, and the transaction could not commit */
  | 'overtaken'
  /** committed, and somebody else had decided otherwise */
  | 'conflict'
  | 'handled'
  /** a message that was handled before */
  | 'suppressed';

export type Counts = Partial<Record<Told, number>>;

/** Nobody outlives its parent. */
export function endWithParent(): void {
  process.on('disconnect', () => process.exit());
}

export function tell(told: Told): void {
  process.send?.(told);
}

export const TOPICS = ['ChaosOrders', 'ChaosBills'] as const;
