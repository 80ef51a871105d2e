import ts from 'typescript';
import { root } from '../kit/docs-page.js';

/** Types, doc comments and decorators of the broker's sources, as the compiler reads them. */
export class Sources {
  readonly checker: ts.TypeChecker;
  private readonly program: ts.Program;

  constructor() {
    const { config } = ts.readConfigFile(`${root}tsconfig.base.json`, (path) => ts.sys.readFile(path)) as {
      config: object;
    };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    this.program = ts.createProgram(
      ['http.module', 'accept/problem'].map((file) => `${root}apps/broker/src/${file}.ts`),
      { ...options, noEmit: true },
    );
    this.checker = this.program.getTypeChecker();
  }

  /** The classes that HttpModule names as its controllers, in its order. */
  controllers(): ts.ClassDeclaration[] {
    const module = this.program.getSourceFile(`${root}apps/broker/src/http.module.ts`);
    const list = module && first(module, isControllers);
    if (!list || !ts.isArrayLiteralExpression(list.initializer)) throw new Error('no list of controllers');
    return list.initializer.elements.map((name) => this.classOf(name));
  }

  /** What a refusal is. */
  problem(): ts.Type {
    const file = this.program.getSourceFile(`${root}apps/broker/src/accept/problem.ts`);
    const problem = file && first(file, isProblem);
    if (!problem) throw new Error('no interface Problem');
    return this.checker.getTypeAtLocation(problem);
  }

  private classOf(name: ts.Node): ts.ClassDeclaration {
    const symbol = this.checker.getSymbolAtLocation(name);
    const declaration = symbol && this.checker.getAliasedSymbol(symbol).valueDeclaration;
    if (!declaration || !ts.isClassDeclaration(declaration)) throw new Error(`no class: ${name.getText()}`);
    return declaration;
  }

  /** The first sentences of a doc comment; undefined without one. */
  comment(node: ts.Node & { readonly name?: ts.Node | undefined }): string | undefined {
    const symbol = node.name && this.checker.getSymbolAtLocation(node.name);
    return symbol && this.commentOf(symbol);
  }

  commentOf(symbol: ts.Symbol): string | undefined {
    const text = ts.displayPartsToString(symbol.getDocumentationComment(this.checker)).replace(/\s+/g, ' ');
    return text === '' ? undefined : text.trim();
  }

  /** What a constant expression of numbers, texts and patterns is. @throws Error when it is none */
  value(node: ts.Node): unknown {
    if (ts.isNumericLiteral(node)) return Number(node.text);
    if (ts.isStringLiteralLike(node)) return node.text;
    if (node.kind === ts.SyntaxKind.TrueKeyword) return true;
    if (node.kind === ts.SyntaxKind.FalseKeyword) return false;
    if (ts.isRegularExpressionLiteral(node)) return node.text.replace(/^\/|\/[a-z]*$/g, '');
    if (ts.isArrayLiteralExpression(node)) return node.elements.map((each) => this.value(each));
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.AsteriskToken)
      return Number(this.value(node.left)) * Number(this.value(node.right));
    if (ts.isIdentifier(node)) return this.value(this.initializer(node));
    throw new Error(`no constant: ${node.getText()}`);
  }

  private initializer(name: ts.Identifier): ts.Node {
    const symbol = this.checker.getSymbolAtLocation(name);
    const own =
      symbol && symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
    const declaration = own?.valueDeclaration;
    if (declaration && ts.isVariableDeclaration(declaration) && declaration.initializer)
      return declaration.initializer;
    throw new Error(`no constant: ${name.text}`);
  }
}

const isControllers = (node: ts.Node): node is ts.PropertyAssignment =>
  ts.isPropertyAssignment(node) && node.name.getText() === 'controllers';

const isProblem = (node: ts.Node): node is ts.InterfaceDeclaration =>
  ts.isInterfaceDeclaration(node) && node.name.text === 'Problem';

export function first<T extends ts.Node>(from: ts.Node, wanted: (node: ts.Node) => node is T): T | undefined {
  if (wanted(from)) return from;
  return ts.forEachChild(from, (child) => first(child, wanted));
}

/** Decorators of a class, method, property or parameter: name and arguments. */
export function decoratorsOf(node: ts.HasDecorators): Map<string, readonly ts.Expression[]> {
  const calls = (ts.getDecorators(node) ?? [])
    .map(({ expression }) => expression)
    .filter(ts.isCallExpression);
  return new Map(calls.map((call) => [call.expression.getText(), [...call.arguments]]));
}
