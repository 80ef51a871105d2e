/** What rooms are given that is no room: names for Nest's container. */
export const CLOCK = Symbol('clock');
export const LOG = Symbol('log');
export const CONFIG = Symbol('config');
export const MESSAGE_STORE = Symbol('message store');
export const STORE_HOST = Symbol('store host');
/** brokerIP1:listenPort */
export const ADDRESS = Symbol('address');
/** why a send that waited so long is refused now */
export const REFUSE_SEND = Symbol('refuse send');
/** why no more pulls than so many are held */
export const REFUSE_HOLD = Symbol('refuse hold');
/** does a member of this group hold a queue lock here? */
export const HOLDS_LOCK = Symbol('holds lock');
/** who decides verdicts that come among plain sends */
export const PLAIN_ENDS = Symbol('plain ends');
/** how those do to whom messages are pushed: Endpoints */
export const RECEIVERS = Symbol('receivers');
/** what the HTTP door needs from behind it: rooms of this process, or brokers elsewhere (forward/) */
export const PLACING = Symbol('placing');
export const RECALLING = Symbol('recalling');
export const BACKURLS = Symbol('backurls');
export const RECEIVING = Symbol('receiving');
export const ACKNOWLEDGING = Symbol('acknowledging');
export const GROUP_SETTINGS = Symbol('group settings');
export const RESETTING = Symbol('resetting');
export const OUTBOUND = Symbol('outbound');
export const BEGINNING = Symbol('beginning');
export const DECIDING = Symbol('deciding');
/** the OpenAPI document of the routes that are served */
export const DOCUMENT = Symbol('document');
/** what runs on its own, in the order of its start: Worker[] */
export const WORKERS = Symbol('workers');

/** Runs on its own from start to stop; after stop it begins nothing new. */
export interface Worker {
  start(): void;
  stop(): void | Promise<void>;
}
