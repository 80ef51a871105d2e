/** Makes an element. Text goes in as text, never as markup. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return element;
}

export const byId = (id) => document.getElementById(id);

/**
 * Brings the children of `parent` in line with `items`, touching only what changed: a row that stays keeps its focus, its
 * open details and its animation.
 */
export function keyed(parent, items, keyOf, draw) {
  const present = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let next = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const drawn = JSON.stringify(item);
    let element = present.get(key);
    present.delete(key);
    if (element === undefined || element.drawn !== drawn) {
      const fresh = draw(item);
      fresh.dataset.key = key;
      fresh.drawn = drawn;
      if (element === undefined) {
        fresh.classList.add('is-new');
        parent.insertBefore(fresh, next);
      } else {
        if (element.open === true) fresh.open = true;
        if (element === next) next = fresh;
        element.replaceWith(fresh);
      }
      element = fresh;
    }
    if (element === next) next = element.nextElementSibling;
    else parent.insertBefore(element, next);
  }
  for (const gone of present.values()) gone.remove();
}

/** Whether the service in Python is one of the processes. */
export const ships = (fleet) => fleet?.processes.some(({ name }) => name === 'shipping') ?? false;

const cents = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' });
export const money = (amount) => cents.format(amount / 100);

const JSON_BODY = { 'content-type': 'application/json' };

/** Calls the API; an error carries the problem document's own words. */
export async function call(method, path, body) {
  const content = body === undefined ? {} : { headers: JSON_BODY, body: JSON.stringify(body) };
  const answer = await fetch(path, { method, ...content });
  const told = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.detail), { title: told.title });
  return told;
}
