/** Who decided a half message, what and when. */
export interface Verdict {
  readonly kind: 'commit' | 'rollback';
  readonly by: 'producer' | 'check' | 'operator';
  /** ms since 1970 */
  readonly at: number;
  readonly reason?: string | undefined;
  /** the name of one, where it is known */
  readonly operator?: string | undefined;
}
