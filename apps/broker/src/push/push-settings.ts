/** How the messages of a group are pushed: a document in the store's settings. */
export interface PushSettings {
  readonly topic: string;
  readonly backurl: string;
  /** at most one of the two; everything without */
  readonly tags?: string | undefined;
  readonly sql?: string | undefined;
  /** of a queue one after the other */
  readonly ordered: boolean;
  /** the newest first; none: it is not signed */
  readonly secrets: readonly string[];
  /** requests at once, at most */
  readonly concurrency: number;
  /** messages a second, at most; undefined: as fast as it goes */
  readonly rateLimit?: number | undefined;
  readonly paused: boolean;
}
