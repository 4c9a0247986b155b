import type { IDataObject } from 'n8n-workflow';
import { sentence } from '../../shared/errors';
import type { Outcome } from './changes';
import type { Look } from './looks';

/**
 * Outcomes of changes that Cloudflare was only to check, and accepted. For all but psk set its
 * documentation names `validate_only` in prose alone, and a gateway may drop it: only a look
 * afterwards tells whether nothing was changed.
 */

/** @param json what Cloudflare answered */
export function unchanged(json: IDataObject): Outcome {
	return { kind: 'done', changed: false, json: { validate_only: true, changed: false, ...json } };
}

/** @param happened what was changed all the same, as a sentence without a full stop */
export function changedAnyway(json: IDataObject, happened: string): Outcome {
	const message = `Cloudflare was asked only to check, but ${happened}. The server does not know 'Validate Only', or somebody else made a change at the same time.`;
	return {
		kind: 'done',
		changed: true,
		json: { validate_only: true, changed: true, message, ...json },
	};
}

/** @param why nobody could look, as a sentence */
export function uncertain(json: IDataObject, why: string): Outcome {
	const message = `Cloudflare accepted the check. Whether anything was changed is not known, because the look afterwards failed: ${sentence(why)}`;
	return {
		kind: 'done',
		changed: 'maybe',
		json: { validate_only: true, changed: null, message, ...json },
	};
}

/** The outcome of a check of a tunnel that is known from before. */
export function checkedBy(look: Look, json: IDataObject): Outcome {
	switch (look.kind) {
		case 'failed':
			return uncertain(json, look.why);
		case 'absent':
			return changedAnyway(json, 'the tunnel is gone');
		case 'there': {
			const { changes = [] } = look;
			return changes.length === 0
				? unchanged(json)
				: changedAnyway(json, `of the tunnel have changed: ${changes.join(', ')}`);
		}
	}
}

/** The outcome of an update whose answer was lost, after a look at the tunnel. */
export function lostUpdate(error: unknown, look: Look): Outcome {
	const lost = { kind: 'failed', changed: 'maybe', error } as const;
	switch (look.kind) {
		case 'failed':
			return lost;
		case 'absent':
			return { ...lost, note: 'The tunnel is gone.' };
		case 'there': {
			const { changes } = look;
			if (changes === undefined) return lost;
			return {
				...lost,
				note:
					changes.length === 0
						? 'Cloudflare shows the tunnel as it was before, so it was probably not changed.'
						: `Cloudflare shows that of the tunnel have changed: ${changes.join(', ')}.`,
			};
		}
	}
}
