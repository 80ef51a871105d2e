/** The arrows of the house: who may import whom. Everything not said here about an app or a library is forbidden. */

const src = (folder) => `^${folder}/src/`;
const BROKER = src('apps/broker');
const ROOMS = [
  'accept',
  'admit',
  'produce',
  'transaction',
  'consume',
  'directory',
  'replicate',
  'observe',
  'admin',
  'outbound',
  'push',
  'grpc',
  'forward',
];

/** `from` may import sister packages only among `allowed`. */
function onlyTo(name, from, allowed) {
  const fromSources = `^${from}/`;
  return {
    name,
    severity: 'error',
    from: { path: fromSources, pathNot: ['/dist/', '[.]spec[.]ts$'] },
    to: { path: '^(apps|libs)/', pathNot: [fromSources, ...allowed] },
  };
}

/** A room of the broker may call only the rooms named; the store, the wire and plain files lie outside of rooms. */
function room(name, allowed) {
  const others = ROOMS.filter((other) => other !== name && !allowed.includes(other));
  return {
    name: `broker-room-${name}`,
    comment: `${name}/ may call: ${allowed.join(', ') || 'no other room'}; other pairs meet in the store or on a channel`,
    severity: 'error',
    from: { path: `${BROKER}${name}/`, pathNot: '[.]spec[.]ts$' },
    to: { path: `${BROKER}(${others.join('|')})/` },
  };
}

/** Inside a package nobody goes around through its own front door. */
function notItsOwnIndex(folder) {
  const fromSources = src(folder);
  return {
    name: `no-own-index-${folder.replace('/', '-')}`,
    severity: 'error',
    from: { path: fromSources, pathNot: [`${fromSources}index[.]ts$`, '[.]spec[.]ts$'] },
    to: { path: `${fromSources}index[.]ts$` },
  };
}

module.exports = {
  forbidden: [
    {
      name: 'no-circle',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'an import that leads nowhere would pass every other rule',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    onlyTo('remoting-imports-nothing-of-ours', 'libs/remoting', []),
    onlyTo('store-imports-the-record-layout-alone', 'libs/store', [
      `${src('libs/remoting')}record-door[.]ts$`,
    ]),
    onlyTo('transaction-to-remoting', 'libs/transaction', [src('libs/remoting')]),
    onlyTo('testing-to-the-real-things', 'libs/testing', [
      src('libs/(remoting|transaction)'),
      src('apps/(broker|namesrv)'),
    ]),
    onlyTo('namesrv-to-remoting', 'apps/namesrv', [src('libs/remoting')]),
    onlyTo('broker-to-store-and-remoting', 'apps/broker', [src('libs/(store|remoting)')]),
    onlyTo('proxy-to-its-doors-and-remoting', 'apps/proxy', [
      src('libs/remoting'),
      '^apps/broker/src/(grpc|forward)/index[.]ts$',
    ]),
    onlyTo('shop-is-a-user', 'apps/demo-shop', [src('libs/transaction')]),
    onlyTo('cli-to-public-doors', 'apps/cli', [
      '^apps/(broker|namesrv|proxy|demo-shop)/src/index[.]ts$',
      '^libs/(transaction|testing)/src/index[.]ts$',
      '^libs/store/src/tools/index[.]ts$',
    ]),
    {
      name: 'packages-are-entered-by-their-doors',
      severity: 'error',
      from: { path: '^(apps|libs)/([^/]+)/' },
      to: {
        path: '^(apps|libs)/[^/]+/src/',
        pathNot: [
          '^$1/$2/',
          '^(apps|libs)/[^/]+/src/index[.]ts$',
          '^libs/remoting/src/(record-door|transport|settings/index)[.]ts$',
          '^apps/broker/src/(grpc|forward)/index[.]ts$',
          '^libs/store/src/tools/index[.]ts$',
          '^libs/transaction/src/(nest|microservice|typeorm|pg|drizzle|opentelemetry)/index[.]ts$',
          '^libs/testing/src/(expect|jest)[.]ts$',
        ],
      },
    },
    {
      name: 'cli-loads-rooms-when-it-must',
      comment: 'halfmq --help must not wait for Nest: dynamic imports only',
      severity: 'error',
      from: { path: src('apps/cli'), pathNot: '[.]spec[.]ts$' },
      to: { path: '^(apps|libs)/(?!cli/)', dependencyTypesNot: ['dynamic-import', 'type-only'] },
    },
    {
      name: 'remoting-knows-nest-in-one-file',
      severity: 'error',
      from: { path: src('libs/remoting'), pathNot: 'transport([.]spec)?[.]ts$' },
      to: { path: 'node_modules/@nestjs/' },
    },
    {
      name: 'store-has-no-sockets-and-no-nest',
      severity: 'error',
      from: { path: src('libs/store') },
      to: { path: ['node_modules/@nestjs/', '^(node:)?(net|tls|http|https|http2|dgram)$'] },
    },
    {
      name: 'client-without-nest',
      comment: 'the plain entry point must load where neither Nest nor a database driver is installed',
      severity: 'error',
      from: {
        path: src('libs/transaction'),
        pathNot: ['/(nest|typeorm|pg|drizzle|microservice|opentelemetry)/', '[.]spec[.]ts$'],
      },
      to: {
        path: [
          'node_modules/(@nestjs|@opentelemetry|typeorm|pg|drizzle-orm|mysql2|libsql)/',
          `${src('libs/transaction')}(nest|microservice|typeorm|pg|drizzle|opentelemetry)/`,
        ],
      },
    },
    room('directory', []),
    room('produce', ['directory', 'outbound']),
    room('transaction', ['directory', 'produce', 'outbound']),
    room('consume', ['directory', 'produce']),
    room('push', ['directory', 'produce', 'consume', 'outbound']),
    room('grpc', ['accept', 'directory', 'produce', 'transaction', 'consume']),
    room('forward', ['accept', 'directory', 'produce', 'transaction', 'consume', 'grpc']),
    room('accept', ['directory']),
    room('admit', ['directory']),
    room('replicate', ['directory']),
    room('observe', []),
    room('outbound', []),
    ...['libs/remoting', 'libs/store', 'libs/transaction', 'libs/testing'].map(notItsOwnIndex),
    ...['apps/broker', 'apps/namesrv', 'apps/proxy', 'apps/demo-shop', 'apps/cli'].map(notItsOwnIndex),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['/dist/', '/target/', '^node_modules/[.]'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['halfmq:source', 'import', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
