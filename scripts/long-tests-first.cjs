const { default: Sequencer } = require('@jest/test-sequencer');

/** Suites of minutes and of real processes begin first, so that none of them is left running alone at the end. */
const FIRST = [/\/test\/faults\//, /\/test\/e2e\//];

/** @param {string} path */
function rank(path) {
  const found = FIRST.findIndex((folder) => folder.test(path));
  return found < 0 ? FIRST.length : found;
}

class LongTestsFirst extends Sequencer {
  /**
   * @override
   * @param {Parameters<InstanceType<typeof Sequencer>["sort"]>[0]} tests
   */
  async sort(tests) {
    const sorted = await super.sort(tests);
    return sorted.toSorted((a, b) => rank(a.path) - rank(b.path));
  }
}

module.exports = LongTestsFirst;
