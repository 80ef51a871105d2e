/** ESM all the way: swc strips the types, the private export condition makes sister packages resolve to their sources. */
const config = {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['halfmq:source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  setupFiles: ['reflect-metadata'],
  globalSetup: '<rootDir>/scripts/tests-begin.mjs',
  globalTeardown: '<rootDir>/scripts/tests-end.mjs',
  testSequencer: '<rootDir>/scripts/long-tests-first.cjs',
  // much of a test's time is the time of the processes it started
  maxWorkers: 2,
  // there to fail, not to be reached: a busy machine is no failure
  testTimeout: 20_000,
  testMatch: [
    '<rootDir>/{libs,apps}/*/src/**/*.spec.ts',
    '<rootDir>/test/{kit,model,torture,e2e,faults,fuzz}/**/*.spec.ts',
  ],
  modulePathIgnorePatterns: ['/dist/'],
};

export default config;
