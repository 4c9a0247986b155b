import type { KeyEvent, KeySource, StoredTunnel } from '../types';
import type { Change } from './states';
import { meanState, stateAt, statesBy } from './states';
import type { Condition, DataCentre, Health, HealthOptions, Row } from './types';

const MINUTE_MS = 60_000;

/** Probes of one server in a minute. GUESS: Cloudflare publishes no rate. */
const PROBES = { low: 6, mid: 12, high: 30 } as const;

/** GUESS: which there are, how many servers each has, and through which a small customer's traffic goes. */
export const DATA_CENTRES: readonly DataCentre[] = [
	['fra01', 'FRA', 'Frankfurt', 'DE', 'Europe', 4, true],
	['ams02', 'AMS', 'Amsterdam', 'NL', 'Europe', 3, true],
	['lhr01', 'LHR', 'London', 'GB', 'Europe', 4, false],
	['iad02', 'IAD', 'Ashburn', 'US', 'North America', 5, false],
	['sin02', 'SIN', 'Singapore', 'SG', 'Asia', 2, false],
].map(
	([name, code, city, country, region, servers, active]) =>
		({ name, code, city, country, region, servers, active }) as DataCentre,
);

interface Router {
	psk: string | undefined;
	authenticatedAt: number | undefined;
}

/** What is known of one tunnel's probes. */
interface Course {
	router: Router;
	/** All is lost while there is no SA. */
	association: Condition[];
	/** What else loses probes, by data centre and server. */
	line: Map<string, Condition[]>;
	activity: Map<string, { at: number; active: boolean }[]>;
	/** Worked out of both, until they change. */
	states: Map<string, Change[]>;
}

export interface ProbesParts {
	tunnels: () => StoredTunnel[];
	find: (idOrName: string) => StoredTunnel;
	/** The key that was live first. */
	firstKey: (id: string) => KeyEvent | undefined;
	now: () => number;
	options: HealthOptions;
}

/** The probes of all data centres through all tunnels. */
export class Probes implements Health {
	private readonly courses = new Map<string, Course>();

	readonly dataCentres: readonly DataCentre[];

	constructor(private readonly parts: ProbesParts) {
		this.dataCentres = parts.options.dataCentres ?? DATA_CENTRES;
	}

	private get times() {
		const { minimumMs = 300_000, recoveryMs = minimumMs } = this.parts.options;
		return { minimumMs, recoveryMs };
	}

	loadKey(tunnel: string, psk: string): void {
		this.course(this.parts.find(tunnel)).router.psk = psk;
	}

	authenticate(idOrName: string): boolean {
		const tunnel = this.parts.find(idOrName);
		const course = this.course(tunnel);
		const { router, association } = course;
		const at = this.parts.now();
		const succeeds = router.psk !== undefined && router.psk === tunnel.psk;
		const { spreadMs = 0 } = this.parts.options;
		router.authenticatedAt = succeeds ? at : undefined;
		// GUESS: all servers lack the new SA until the last one has it.
		if (!succeeds || spreadMs > 0) association.push({ at, loss: 1 });
		if (succeeds) association.push({ at: at + spreadMs, loss: 0 });
		course.states.clear();
		return succeeds;
	}

	authenticatedAt(tunnel: string): number | undefined {
		return this.course(this.parts.find(tunnel)).router.authenticatedAt;
	}

	setLoss(idOrName: string, loss: number, dataCentre?: string): void {
		const course = this.course(this.parts.find(idOrName));
		for (const place of this.places(dataCentre)) {
			for (const server of serversOf(place)) {
				lineOf(course, place, server).push({ at: this.parts.now(), loss });
			}
		}
		course.states.clear();
	}

	loseProbes(idOrName: string, count: number, dataCentre = this.dataCentres[0]!.name): void {
		// A single one is followed by two more probes, and those arrive.
		if (count < 2) return;
		const course = this.course(this.parts.find(idOrName));
		const line = lineOf(course, this.places(dataCentre)[0]!, 0);
		const before = line[line.length - 1]?.loss ?? 0;
		const at = this.parts.now();
		line.push({ at, loss: Math.max(before, 0.5) }, { at: at + 1, loss: before });
		course.states.clear();
	}

	setActive(idOrName: string, dataCentre: string, active: boolean): void {
		const [place] = this.places(dataCentre);
		const { activity } = this.course(this.parts.find(idOrName));
		const known = activity.get(place!.name) ?? [];
		activity.set(place!.name, [...known, { at: this.parts.now(), active }]);
	}

	stateNow(idOrName: string, dataCentre?: string): number {
		const tunnel = this.parts.find(idOrName);
		const all = this.places(dataCentre).flatMap((place) =>
			serversOf(place).map((server) =>
				stateAt(this.states(tunnel, place, server), this.parts.now()),
			),
		);
		return all.reduce<number>((sum, state) => sum + state, 0) / all.length;
	}

	/**
	 * The results that can be read by now, in rows of a minute.
	 * @param from first ms since 1970, `to` the first one after
	 */
	*rows(from: number, to: number, isWanted: (name: string) => boolean): Generator<Row> {
		const { delayMs = 300_000, sampleInterval = 1 } = this.parts.options;
		const end = Math.min(to, this.parts.now() - delayMs);
		for (const tunnel of this.parts.tunnels()) {
			if (!isWanted(tunnel.fields.name)) continue;
			const created = Number(tunnel.createdAt / 1_000_000n);
			const start = Math.max(from, created);
			for (const place of this.dataCentres) {
				for (let at = Math.floor(start / MINUTE_MS) * MINUTE_MS; at < end; at += MINUTE_MS) {
					const slice = [Math.max(start, at), Math.min(end, at + MINUTE_MS)] as const;
					const row = this.row(tunnel, place, at, slice, sampleInterval);
					if (row.count > 0) yield row;
				}
			}
		}
	}

	private row(
		tunnel: StoredTunnel,
		place: DataCentre,
		minute: number,
		[from, to]: readonly [number, number],
		sampleInterval: number,
	): Row {
		const { health_check: check, name, customer_endpoint: endpoint = '' } = tunnel.fields;
		const step = MINUTE_MS / PROBES[check.rate];
		const probes = Math.ceil((to - minute) / step) - Math.ceil((from - minute) / step);
		const servers = serversOf(place);
		const states = servers.map((server) => meanState(this.states(tunnel, place, server), from, to));
		const mean = states.reduce((sum, state) => sum + state, 0) / servers.length;
		return {
			count: Math.round((probes * servers.length) / sampleInterval) * sampleInterval,
			// "shown 100 % down while traffic flows" while its health check is off.
			tunnelState: Math.fround(check.enabled ? mean : 0),
			minute,
			active: this.isActive(tunnel, place, from) ? 1 : 0,
			dataCentre: place,
			tunnel: { name, customerEndpoint: endpoint },
		};
	}

	private isActive(tunnel: StoredTunnel, { name, active }: DataCentre, at: number): boolean {
		const changes = this.course(tunnel).activity.get(name) ?? [];
		return changes.reduce((now, change) => (change.at <= at ? change.active : now), active);
	}

	private states(tunnel: StoredTunnel, place: DataCentre, server: number): Change[] {
		const course = this.course(tunnel);
		const key = keyOf(place, server);
		let states = course.states.get(key);
		if (states === undefined) {
			states = statesBy(worstOf(course.association, course.line.get(key) ?? []), this.times);
			course.states.set(key, states);
		}
		return states;
	}

	private places(name: string | undefined): readonly DataCentre[] {
		if (name === undefined) return this.dataCentres;
		const found = this.dataCentres.filter((place) => place.name === name);
		if (found.length === 0) throw new Error(`There is no data centre ${name}`);
		return found;
	}

	/**
	 * GUESS: a router that nobody spoke of has the key that its tunnel was made with, and an SA; a key that
	 * was first set later has to be loaded.
	 */
	private course(tunnel: StoredTunnel): Course {
		let course = this.courses.get(tunnel.id);
		if (course === undefined) {
			const created = Number(tunnel.createdAt / 1_000_000n);
			const first = this.parts.firstKey(tunnel.id);
			const psk = first !== undefined && WITH_THE_TUNNEL.includes(first.by) ? first.psk : undefined;
			course = {
				router: { psk, authenticatedAt: psk === undefined ? undefined : created },
				association: psk === undefined ? [{ at: created, loss: 1 }] : [],
				line: new Map(),
				activity: new Map(),
				states: new Map(),
			};
			this.courses.set(tunnel.id, course);
		}
		return course;
	}
}

const WITH_THE_TUNNEL: readonly KeySource[] = ['seed', 'outside', 'create'];

const keyOf = ({ name }: DataCentre, server: number): string => `${name} ${server}`;

const lineOf = ({ line }: Course, place: DataCentre, server: number): Condition[] => {
	const key = keyOf(place, server);
	const known = line.get(key);
	if (known !== undefined) return known;
	const fresh: Condition[] = [];
	line.set(key, fresh);
	return fresh;
};

/** Two courses of losses as one: at each moment the greater loss. */
const worstOf = (one: readonly Condition[], other: readonly Condition[]): Condition[] => {
	const lossAt = (conditions: readonly Condition[], at: number): number =>
		conditions.reduce((loss, condition) => (condition.at <= at ? condition.loss : loss), 0);
	const moments = [...new Set([...one, ...other].map(({ at }) => at))].sort((a, b) => a - b);
	return moments.map((at) => ({ at, loss: Math.max(lossAt(one, at), lossAt(other, at)) }));
};

const serversOf = ({ servers }: DataCentre): number[] =>
	Array.from({ length: servers }, (_, index) => index);
