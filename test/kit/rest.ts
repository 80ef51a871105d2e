/** Calls a broker's HTTP door as any client would; answers are the document, and the status beside it. */
export class RestClient {
  constructor(private readonly port: () => number | undefined) {}

  get<T = object>(path: string): Promise<T & { status: number }> {
    return this.call<T>('GET', path);
  }

  post<T = object>(
    path: string,
    document?: unknown,
    headers: Record<string, string> = {},
  ): Promise<T & { status: number }> {
    return this.call<T>('POST', path, document, headers);
  }

  put<T = object>(path: string, document: unknown): Promise<T & { status: number }> {
    return this.call<T>('PUT', path, document);
  }

  /** @returns its status; an answer without a document */
  async delete(path: string): Promise<number> {
    return (await fetch(`http://127.0.0.1:${this.port()}/v1/${path}`, { method: 'DELETE' })).status;
  }

  /** @param document a text goes as it is */
  private async call<T>(
    method: string,
    path: string,
    document?: unknown,
    headers: Record<string, string> = {},
  ): Promise<T & { status: number }> {
    const body = typeof document === 'string' || document === undefined ? document : JSON.stringify(document);
    const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(`http://127.0.0.1:${this.port()}/v1/${path}`, {
      method,
      headers: { ...type, ...headers },
      ...(body !== undefined && { body }),
    });
    return { ...((await response.json()) as T), status: response.status };
  }
}
