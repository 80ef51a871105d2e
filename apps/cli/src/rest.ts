/** The REST door of a broker, as a command calls it. */
export class Rest {
  private readonly base: URL;

  /** @throws Error when it is no address */
  constructor(
    door: string,
    private readonly headers: Readonly<Record<string, string>> = {},
  ) {
    if (!/^https?:\/\//.test(door) || !URL.canParse(door)) {
      throw new Error(`--http is '${door}', expected an address such as http://127.0.0.1:8080`);
    }
    this.base = new URL(door.endsWith('/') ? door : `${door}/`);
  }

  get<T>(path: string, query: Readonly<Record<string, string | number | undefined>> = {}): Promise<T> {
    const url = new URL(path, this.base);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return this.call<T>(url, { headers: this.headers });
  }

  post<T>(path: string, document: object): Promise<T> {
    const headers = { ...this.headers, 'content-type': 'application/json' };
    return this.call<T>(new URL(path, this.base), {
      method: 'POST',
      headers,
      body: JSON.stringify(document),
    });
  }

  /** @throws Error in one line: nobody listens, or what the broker said and what to do */
  private async call<T>(url: URL, request: RequestInit): Promise<T> {
    let response: Response;
    try {
      response = await fetch(url, { ...request, redirect: 'error' });
    } catch (error) {
      throw new Error(`no broker answers at ${this.base.origin} (${reasonOf(error)}): ${WHERE}`, {
        cause: error,
      });
    }
    const text = await response.text();
    if (response.ok) return read(text, this.base.origin) as T;
    throw new Error(refusalOf(response.status, text));
  }
}

const WHERE =
  'start it, or name its HTTP door with --http; a broker with httpPort=0 has none, and a second one on a machine needs an httpPort of its own';

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code, message } = cause as NodeJS.ErrnoException;
  return code ?? message;
}

function read(text: string, origin: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`what answers at ${origin} is no broker: its answer is no JSON`, { cause: error });
  }
}

/** What a problem document says, with its hint. */
function refusalOf(status: number, text: string): string {
  try {
    const { detail, title, hint } = JSON.parse(text) as Partial<Record<'detail' | 'title' | 'hint', string>>;
    const said = detail ?? title;
    if (said !== undefined) return hint ? `${said.replace(/[.]$/, '')}. ${hint}` : said;
  } catch {
    // no problem document: its status has to do
  }
  return `the answer is HTTP ${status}, which no broker gives: is this its HTTP door?`;
}
