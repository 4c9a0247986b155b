import type { Server } from '../server';
import { tunnelId } from '../server/account';
import type { Entry, Keys } from '../rivals/contender';

export interface Target {
	case: string;
	measure: string;
	value: number;
	/** As it is read: "<= 1.5". */
	target: string;
	met: boolean;
}

export interface CaseResult {
	case: string;
	/** What a row is, and how it was measured. */
	about: string;
	rows: Array<Record<string, string | number | null>>;
	targets: Target[];
	/** What was left out, and why. */
	notes: string[];
}

export type Mode = 'smoke' | 'quick' | 'full';

export interface Bench {
	mode: Mode;
	server: Server;
	/** Tells a person what is going on. */
	progress(text: string): void;
}

export function atMost(about: string, measure: string, value: number, most: number): Target {
	return { case: about, measure, value, target: `<= ${most}`, met: value <= most };
}

export function atLeast(about: string, measure: string, value: number, least: number): Target {
	return { case: about, measure, value, target: `>= ${least}`, met: value >= least };
}

let round = 0;

/** Entries for the tunnels 0 to count - 1, with keys that no run had before. */
export function freshEntries(count: number): Entry[] {
	round += 1;
	return Array.from({ length: count }, (_, index) => ({
		id: tunnelId(index),
		psk: `benchmark-${round}-site-${index}-`.padEnd(43, 'x'),
	}));
}

/** How many of the live keys are not among those that were handed out. */
export function missingKeys(live: readonly string[], keys: Keys): number {
	return live.filter((psk, index) => keys.get(tunnelId(index)) !== psk).length;
}

/** Collects all garbage that there is, so that nothing of what went before is measured. */
export function collectGarbage(): void {
	if (global.gc === undefined) throw new Error('The benchmarks need node --expose-gc');
	global.gc();
}
