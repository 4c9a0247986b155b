import type { IDataObject } from 'n8n-workflow';
import type { KeyEvent, Simulator } from '../simulator';
import { ECHO_FORMS } from '../simulator/echoes';
import { keysIn } from '../simulator/keys';
import { leaksIn, textsIn } from './scanner';

/**
 * The keys of a simulated account, before a run and after it: which are live, who made them so, and
 * whether the run can know them. Against it the outputs of a run are judged, of any node and
 * operation: no key may be lost, and none may be seen but on the output Secret.
 */

/** What became of one tunnel's key since the ledger was opened. */
export interface KeyFacts {
	/** Live now; undefined when there is none, or no tunnel any more. */
	live: string | undefined;
	/** The key that is live was made so through the API, and nobody else has touched it since. */
	isChanged: boolean;
	/** Somebody else has changed it last, or has removed the tunnel. */
	isElsewhere: boolean;
	/** The run sent the key or was shown it, whole and under its name, so that it must not drop it. */
	isKnown: boolean;
}

/** Characters of a key that count as a part of it, and how far apart those begin that are looked for. */
const PART = 12;
const STEP = 4;

/** Texts shorter than this are found by chance. */
const SHORTEST = 8;

/** A key whole in any form, or a longer part of it, all in lower case. */
const echoesOf = (key: string): string[] => {
	const starts = Math.max(0, Math.floor((key.length - PART) / STEP) + 1);
	const parts = Array.from({ length: starts }, (_, index) =>
		key.slice(index * STEP, index * STEP + PART),
	);
	return [...Object.values(ECHO_FORMS).map((form) => form(key)), ...parts]
		.filter((text) => text.length >= SHORTEST)
		.map((text) => text.toLowerCase());
};

export class KeyLedger {
	private readonly before = new Map<string, string | undefined>();

	private readonly events = new Map<string, number>();

	private readonly firstRequest: number;

	/** @param given keys that the run gets from its items, or from a vault */
	constructor(
		private readonly simulator: Simulator,
		private readonly given: readonly string[] = [],
	) {
		for (const { id } of simulator.tunnels()) {
			this.before.set(id, simulator.liveKey(id));
			this.events.set(id, simulator.keyHistory(id).length);
		}
		this.firstRequest = simulator.requests.length;
	}

	/** Ids of all tunnels that there were, and of those that were made since. */
	get ids(): string[] {
		return [...new Set([...this.before.keys(), ...this.simulator.tunnels().map(({ id }) => id)])];
	}

	facts(id: string): KeyFacts {
		const live = this.simulator.liveKey(id);
		const last: KeyEvent | undefined = this.simulator
			.keyHistory(id)
			.slice(this.events.get(id) ?? 0)
			.at(-1);
		const isElsewhere = last?.by === 'outside' || this.simulator.tunnel(id) === undefined;
		return {
			live,
			isChanged: live !== undefined && live !== this.before.get(id) && !isElsewhere,
			isElsewhere,
			isKnown: live !== undefined && this.isKnown(live),
		};
	}

	/** Every key that the account has had since, and every one that was given or sent. */
	keys(): string[] {
		const live = this.ids.flatMap((id) => this.simulator.keyHistory(id).map(({ psk }) => psk));
		return [...new Set([...this.given, ...live, ...this.sent()])];
	}

	/**
	 * Tunnels whose key the run has changed and knows, and that no item holds; by name.
	 * @param secret the items of the output Secret, or of what stands for a vault
	 */
	lost(secret: readonly IDataObject[]): string[] {
		const held = new Set(secret.map(({ psk }) => psk));
		return this.ids
			.filter((id) => {
				const { live, isChanged, isKnown } = this.facts(id);
				return isChanged && isKnown && !held.has(live);
			})
			.map((id) => this.nameOf(id));
	}

	/**
	 * Keys and credentials that can be read in what must hold none: every output but Secret (n8n's error
	 * output too, which shows the item that came in), errors, hints, logs, what n8n keeps.
	 *
	 * @param shown what people read; searched for parts of a key too, and for one in any form
	 * @param kept what else there is, and may be long
	 * @param more keys that are known elsewhere, such as those of the output Secret
	 */
	leaked(shown: unknown, kept: unknown = [], more: readonly string[] = []): string[] {
		const { apiToken, apiKey } = this.simulator;
		const keys = [...new Set([...this.keys(), ...more])];
		const texts = textsIn(shown).join('\n').toLowerCase();
		const found = keys.filter((key) => echoesOf(key).some((form) => texts.includes(form)));
		return [...new Set([...found, ...leaksIn([shown, kept], [...keys, apiToken, apiKey])])];
	}

	nameOf(id: string): string {
		return this.simulator.tunnel(id)?.name ?? id;
	}

	private isKnown(psk: string): boolean {
		return this.given.includes(psk) || this.simulator.showedKey(psk) || this.sent().includes(psk);
	}

	private sent(): string[] {
		const { requests } = this.simulator;
		return requests.slice(this.firstRequest).flatMap(({ body }) => keysIn(body));
	}
}
