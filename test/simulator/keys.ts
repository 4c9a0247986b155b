/** Every text under the name `psk` in a body, at any depth. */
export const keysIn = (value: unknown): string[] => {
	if (typeof value !== 'object' || value === null) return [];
	return Object.entries(value).flatMap(([name, member]: [string, unknown]) =>
		name === 'psk' && typeof member === 'string' ? [member] : keysIn(member),
	);
};

/** Notes the keys that a client was shown, so that it must not lose them. */
export class ShownKeys {
	private readonly keys = new Set<string>();

	/** @param body of a whole 2xx answer */
	note(body: string): void {
		// Most answers show none, and a long list is not worth reading twice.
		if (!body.includes('"psk":')) return;
		try {
			for (const key of keysIn(JSON.parse(body))) this.keys.add(key);
		} catch {
			// No JSON: nothing that a client could read.
		}
	}

	has(key: string): boolean {
		return this.keys.has(key);
	}
}
