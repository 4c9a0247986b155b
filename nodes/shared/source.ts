import type { IExecuteFunctions } from 'n8n-workflow';
import { field } from '../http/json';

/** A parameter as the workflow holds it, and how to have it worked out. */
export interface Source {
	raw: unknown;
	/** Throws what n8n throws, which may repeat what the expression read. */
	value(): unknown;
}

/** The parameter at a path such as `psk` or `options.stored`; undefined if it is not there. */
export function sourceAt(
	context: IExecuteFunctions,
	path: string,
	itemIndex: number,
): Source | undefined {
	const raw = path.split('.').reduce<unknown>(field, context.getNode().parameters);
	if (raw === undefined) return undefined;
	return { raw, value: () => context.getNodeParameter(path, itemIndex) };
}

/** What a parameter gives; n8n's own words on one that fails are left out, since they may repeat a secret. */
export function workedOut(source: Source): { value: unknown } | 'failed' {
	try {
		return { value: source.value() };
	} catch {
		return 'failed';
	}
}
