import type { Refusal } from './envelope';
import { invalidRequest } from './envelope';

export type Fields = Record<string, unknown>;
type TypeName = 'string' | 'boolean' | 'integer' | 'array' | 'object';

export const isObject = (value: unknown): value is Fields =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

const hasType = (value: unknown, type: TypeName): boolean => {
	if (type === 'array') return Array.isArray(value);
	if (type === 'object') return isObject(value);
	if (type === 'integer') return Number.isInteger(value);
	return typeof value === type;
};

/** Error texts speak of the request that they refuse. */
export class BodyReader {
	/** @param refuse the code that the product's errors have */
	constructor(
		private readonly doing: string,
		private readonly refuse: (message: string, pointer: string) => Refusal = invalidRequest,
	) {}

	/** Text observed for a string on update: terraform-provider-cloudflare commit 512bd2ead. */
	// GUESS: other types and other operations only vary the words in it.
	private expect(value: unknown, type: TypeName, pointer: string): void {
		const prefix = `error parsing request body while ${this.doing}: `;
		if (value === null) {
			throw this.refuse(`${prefix}type "${type}" is not permitted to be null`, pointer);
		}
		// GUESS: the text for a wrong type.
		if (!hasType(value, type)) {
			throw this.refuse(`${prefix}value at ${pointer || '/'} must be of type "${type}"`, pointer);
		}
	}

	string(value: unknown, pointer: string): string {
		this.expect(value, 'string', pointer);
		return value as string;
	}

	boolean(value: unknown, pointer: string): boolean {
		this.expect(value, 'boolean', pointer);
		return value as boolean;
	}

	integer(value: unknown, pointer: string): number {
		this.expect(value, 'integer', pointer);
		return value as number;
	}

	array(value: unknown, pointer: string): unknown[] {
		this.expect(value, 'array', pointer);
		return value as unknown[];
	}

	/**
	 * GUESS: a field that the schema does not name is refused. Cloudflare may as well ignore it; the
	 * simulator takes the reading under which a misspelt field cannot go unnoticed.
	 */
	object(value: unknown, pointer: string, known?: readonly string[]): Fields {
		this.expect(value, 'object', pointer);
		const fields = value as Fields;
		const unknown = known && Object.keys(fields).find((name) => !known.includes(name));
		if (unknown !== undefined) {
			throw this.refuse(
				`error parsing request body while ${this.doing}: unknown field "${unknown}"`,
				`${pointer}/${unknown}`,
			);
		}
		return fields;
	}
}
