/** An answer of n8n that is not the one that was asked for. */
export class RestError extends Error {
	constructor(
		readonly status: number,
		readonly body: string,
		what: string,
	) {
		super(`n8n answered ${status} to ${what}: ${body.slice(0, 500)}`);
	}
}

/** n8n's own REST API, the one that its editor uses, with the cookie of the person who logged in. */
export class RestClient {
	private cookie = '';

	constructor(readonly origin: string) {}

	/**
	 * The `data` of an answer.
	 *
	 * @throws RestError for a status of 400 or more
	 */
	async call<T>(method: string, path: string, body?: unknown): Promise<T> {
		const answer = await fetch(`${this.origin}/rest/${path}`, {
			method,
			headers: {
				'content-type': 'application/json',
				// n8n ties the cookie to the browser that it was made for.
				'browser-id': 'end-to-end',
				cookie: this.cookie,
			},
			body: body === undefined ? undefined : JSON.stringify(body),
		});
		const cookies = answer.headers.getSetCookie();
		if (cookies.length > 0) this.cookie = cookies.map((text) => text.split(';')[0]).join('; ');
		const text = await answer.text();
		if (!answer.ok) throw new RestError(answer.status, text, `${method} ${path}`);
		return (JSON.parse(text) as { data: T }).data;
	}
}
