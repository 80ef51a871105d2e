import { createHash } from 'node:crypto';
import type { Clock } from '@halfmq/transaction';

/** How unreliable the provider is: three chances in percent, and the seed that makes them repeatable. */
export interface ProviderHabits {
  readonly seed: number;
  readonly decline: number;
  readonly hesitate: number;
  readonly twice: number;
}

/** What the provider will do with one charge. The same seed and key give the same plan, in every process. */
export interface ChargePlan {
  readonly outcome: 'captured' | 'declined';
  /** How often it says "ask me again" before it answers. */
  readonly hesitations: number;
  /** Whether it reports the same outcome a second time, as providers do when our answer was slow. */
  readonly callsBackAgain: boolean;
  readonly latencyMs: number;
}

export function planCharge(habits: ProviderHabits, key: string): ChargePlan {
  const dice = createHash('sha256').update(`${habits.seed}:${key}`).digest();
  const percent = (at: number): number => (dice.readUInt32BE(at) / 2 ** 32) * 100;
  return {
    outcome: percent(0) < habits.decline ? 'declined' : 'captured',
    hesitations: percent(4) < habits.hesitate ? 1 + ((dice[8] ?? 0) % 2) : 0,
    callsBackAgain: percent(12) < habits.twice,
    latencyMs: 20 + ((dice[16] ?? 0) % 80),
  };
}

/** The provider could not say yet: ask again with the same key. */
export class ProviderHesitates extends Error {
  override readonly name = 'ProviderHesitates';
}

export type SecondCall = (outcome: ChargePlan['outcome']) => void;

/**
 * Stands for a payment company outside the shop. Charging twice with one key charges once, as with every real provider:
 * the outcome belongs to the key, so a payment service that was killed in between may simply ask again.
 */
export class FakeProvider {
  private readonly hesitated = new Map<string, number>();

  constructor(
    private readonly habits: ProviderHabits,
    private readonly clock: Clock,
  ) {}

  /**
   * @param onSecondCall hears the outcome once more, now and then, some time after the answer
   * @throws ProviderHesitates now and then
   */
  async charge(key: string, onSecondCall: SecondCall): Promise<ChargePlan['outcome']> {
    const plan = planCharge(this.habits, key);
    await new Promise<void>((done) => this.clock.after(plan.latencyMs, done));
    const hesitated = this.hesitated.get(key) ?? 0;
    if (hesitated < plan.hesitations) {
      this.hesitated.set(key, hesitated + 1);
      throw new ProviderHesitates(`The provider hesitates over ${key}.`);
    }
    this.hesitated.delete(key);
    if (plan.callsBackAgain) this.clock.after(plan.latencyMs * 4, () => onSecondCall(plan.outcome));
    return plan.outcome;
  }
}
