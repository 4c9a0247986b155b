import { effectOf } from '../../api/failure';
import { errorText } from '../../shared/errors';
import type { Target } from './target';

/** What Cloudflare said of one key, before a look at what is live. */
export type Verdict =
	| { kind: 'accepted'; ipsecId?: string; lastGeneratedOn?: string }
	/** Cloudflare said no: to this key by name, or to the whole request. */
	| { kind: 'refused'; byName: boolean; reason: string }
	/** It is certain that the key was not sent. */
	| { kind: 'notSent'; reason: string }
	/** The answer was lost, or contradicts itself. */
	| { kind: 'unclear'; reason: string };

/** One try to change, or to check, the key of one tunnel. */
export interface Attempt {
	target: Target;
	/** The key that was sent, or that came in an answer; undefined if none is known. */
	psk?: string;
	verdict: Verdict;
	/** The call's error, where one was thrown. */
	error?: unknown;
}

/** The verdict that a failed call comes to. */
export function verdictOfError(error: unknown): Verdict {
	const reason = errorText(error);
	switch (effectOf(error)) {
		case 'none':
			return { kind: 'notSent', reason };
		case 'refused':
			return { kind: 'refused', byName: false, reason };
		case 'unknown':
			return { kind: 'unclear', reason };
	}
}
