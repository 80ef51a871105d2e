import { startBoard, showBoard } from './board.js';
import { startChaos, showChaos } from './chaos.js';
import { byId } from './dom.js';
import { showOrders } from './orders.js';
import { startStorefront, showStorefront } from './storefront.js';

startStorefront();
startBoard();
startChaos();

// The browser comes back by itself when the service that feeds it was killed.
const live = new EventSource('/api/live');
live.addEventListener('open', () => {
  byId('away').hidden = true;
});
live.addEventListener('error', () => {
  byId('away').hidden = false;
});
live.addEventListener('message', ({ data }) => {
  const picture = JSON.parse(data);
  showStorefront(picture);
  showBoard(picture);
  showChaos(picture);
  showOrders(picture);
});
