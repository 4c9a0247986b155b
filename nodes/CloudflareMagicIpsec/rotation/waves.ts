/** From tunnels to waves: which keys are changed together, and which after them. */

/** A tunnel whose key is to be changed. */
export interface Candidate {
	site: string;
	/** Milliseconds since its key was made; undefined if that never was. */
	age: number | undefined;
}

/**
 * Puts tunnels into waves, the oldest key first, one that was never made before all others: each into
 * the first wave that has room and none of its site.
 *
 * @param canary tunnels of the first wave; 0 for a first wave like the others
 * @param waveSize tunnels of every other wave
 */
export function wavesOf<T extends Candidate>(
	candidates: readonly T[],
	canary: number,
	waveSize: number,
): T[][] {
	const byAge = [...candidates].sort((a, b) => (b.age ?? Infinity) - (a.age ?? Infinity) || 0);
	const waves: T[][] = [];
	const room = new Room(canary, waveSize);
	/** By site: the wave after the last one that has a tunnel of it. */
	const next = new Map<string, number>();
	for (const candidate of byAge) {
		const wave = room.takeFrom(next.get(candidate.site) ?? 0);
		next.set(candidate.site, wave + 1);
		(waves[wave] ??= []).push(candidate);
	}
	return waves;
}

/** The room in waves that are filled from the first one on. */
class Room {
	private readonly left: number[] = [];

	/** For a wave that is full: one after it, before which all are full too. */
	private readonly after: number[] = [];

	constructor(
		private readonly canary: number,
		private readonly waveSize: number,
	) {}

	/** Takes a place in the first wave from this one on that has room; gives its number. */
	takeFrom(from: number): number {
		let wave = from;
		while (this.roomOf(wave) === 0) wave = this.after[wave]!;
		for (let full = from; full !== wave; ) {
			const following = this.after[full]!;
			this.after[full] = wave;
			full = following;
		}
		this.left[wave] = this.roomOf(wave) - 1;
		this.after[wave] = wave + 1;
		return wave;
	}

	private roomOf(wave: number): number {
		return this.left[wave] ?? (wave === 0 && this.canary > 0 ? this.canary : this.waveSize);
	}
}
