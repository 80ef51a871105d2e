/** How busy the store is, as of the moment of asking; cheap enough to be asked for each append. */
export interface StoreLoad {
  /** appends whose `stored` was not called yet */
  readonly unanswered: number;
  /** about what memory holds for appends whose `stored` was not called yet */
  readonly unansweredBytes: number;
  /** how long the last commit took, until those who waited for it in their sockets were served; 0 then */
  readonly blockedMs: number;
  /** bytes of the log that a power loss may take */
  readonly unsyncedBytes: number;
}
