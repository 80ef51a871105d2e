import base from '../../jest.config.js';

/** The slow suites against official clients and servers: one spec at a time, each with minutes of its own. */
const config = {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/compat/**/*.spec.ts'],
  testTimeout: 300_000,
  passWithNoTests: true,
};

export default config;
