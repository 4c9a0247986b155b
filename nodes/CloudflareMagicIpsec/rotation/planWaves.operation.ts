import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { clock } from '../../http/clock';
import { inputError, nodeError, stopError } from '../../shared/errors';
import { namesShown, warn } from '../../shared/hints';
import { DAY_MS, failedItem } from '../../shared/items';
import type { Operation } from '../../shared/operation';
import { readCountParameter } from '../../shared/options';
import type { Rotatable } from './rotatable';
import { readRotatables } from './rotatable';
import type { SiteFinder } from './sitePattern';
import { siteFinder } from './sitePattern';
import { wavesOf } from './waves';

const canaryProperty: INodeProperties = {
	displayName: 'Canary',
	name: 'canary',
	type: 'number',
	typeOptions: { minValue: 0, maxValue: 10_000, numberPrecision: 0 },
	default: 1,
	description:
		'How many tunnels the first wave has, so that a fault shows on few; 0 for a first wave like the others',
};

const waveSizeProperty: INodeProperties = {
	displayName: 'Wave Size',
	name: 'waveSize',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: 10_000, numberPrecision: 0 },
	default: 10,
	description: 'How many tunnels every other wave has at most',
};

const sitePatternProperty: INodeProperties = {
	displayName: 'Site Pattern',
	name: 'sitePattern',
	type: 'string',
	default: '',
	placeholder: 'e.g. ^(.+)-(?:a|b)$',
	description:
		"A regular expression for the tunnels' names whose first group is the site. Two tunnels of a site are never in one wave. Without it, and for names that it does not fit, tunnels with the same customer endpoint are of one site.",
};

const olderThanProperty: INodeProperties = {
	displayName: 'Older Than (Days)',
	name: 'olderThanDays',
	type: 'number',
	typeOptions: { minValue: 0 },
	default: 0,
	description:
		'Plan only keys that are at least this old, and those that were never set; 0 plans every key',
};

const properties = [canaryProperty, waveSizeProperty, sitePatternProperty, olderThanProperty];

interface Settings {
	canary: number;
	waveSize: number;
	/** Undefined without a pattern. */
	siteIn: SiteFinder | undefined;
	olderThanMs: number;
}

/** @throws NodeOperationError for a parameter that can't be used */
function readSettings(context: IExecuteFunctions): Settings {
	return {
		canary: readCountParameter(context, canaryProperty),
		waveSize: readCountParameter(context, waveSizeProperty),
		siteIn: readPattern(context),
		olderThanMs: readDays(context) * DAY_MS,
	};
}

function unusable(context: IExecuteFunctions, { displayName }: INodeProperties, remedy: string) {
	return inputError(context.getNode(), `The parameter '${displayName}' can't be used`, remedy);
}

function readDays(context: IExecuteFunctions): number {
	const days = context.getNodeParameter(olderThanProperty.name, 0, 0) as unknown;
	if (typeof days === 'number' && days >= 0) return days;
	throw unusable(context, olderThanProperty, 'Give a number of days, 0 or more.');
}

function readPattern(context: IExecuteFunctions): SiteFinder | undefined {
	const pattern = context.getNodeParameter(sitePatternProperty.name, 0, '') as unknown;
	if (pattern === '') return undefined;
	if (typeof pattern !== 'string') throw unusable(context, sitePatternProperty, 'Give a text.');
	const finder = siteFinder(pattern);
	if (typeof finder === 'function') return finder;
	throw unusable(
		context,
		sitePatternProperty,
		`It ${finder.fault}. An example: ^(.+)-(?:a|b)$ finds the site 'paris' in 'paris-a' and 'paris-b'.`,
	);
}

interface Placed extends Rotatable {
	site: string;
	isNameFitting: boolean;
}

/** With the site from the name, the customer endpoint or, for want of both, the tunnel alone. */
function placed(tunnel: Rotatable, siteIn: SiteFinder | undefined): Placed {
	const named = siteIn?.(tunnel.name);
	return {
		...tunnel,
		site: named ?? tunnel.customerEndpoint ?? tunnel.name,
		isNameFitting: siteIn === undefined || named !== undefined,
	};
}

/** The sites that have one tunnel among all that came in, due or not. */
function singleTunnelSites(tunnels: readonly Placed[]): ReadonlySet<string> {
	const counts = new Map<string, number>();
	for (const { site } of tunnels) counts.set(site, (counts.get(site) ?? 0) + 1);
	return new Set([...counts].filter(([, count]) => count === 1).map(([site]) => site));
}

/** Plan Waves: runs once for all items, asks nobody, and gives an item for each wave. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	try {
		const settings = readSettings(context);
		const { tunnels, faults } = readRotatables(context);
		if (faults.length === 0) return [plan(context, settings, tunnels)];
		// A plan without some of the tunnels might take a site's last one down.
		if (!context.continueOnFail()) throw stopError(context.getNode(), faults);
		return [
			faults.map(({ subject: { itemIndex }, error }) => failedItem(context, { itemIndex, error })),
		];
	} catch (error) {
		if (!context.continueOnFail()) throw nodeError(context.getNode(), error);
		return [[failedItem(context, { itemIndex: 0, error })]];
	}
}

function plan(
	context: IExecuteFunctions,
	{ canary, waveSize, siteIn, olderThanMs }: Settings,
	tunnels: readonly Rotatable[],
): INodeExecutionData[] {
	const now = clock.now();
	const all = tunnels.map((tunnel) => ({ ...placed(tunnel, siteIn), age: tunnel.ageAt(now) }));
	const single = singleTunnelSites(all);
	const due = all.filter(({ age }) => age === undefined || age >= olderThanMs);
	const waves = wavesOf(due, canary, waveSize);
	hint(context, all, due, single);
	return waves.map((wave, index) => ({
		json: {
			wave: index + 1,
			waves: waves.length,
			tunnels: wave.map(({ id, name, site, age }) => ({
				ipsec_tunnel_id: id,
				tunnel_name: name,
				site,
				psk_age_days: age === undefined ? null : Math.floor(age / DAY_MS),
			})),
			single_tunnel_sites: wave.map(({ site }) => site).filter((site) => single.has(site)),
		},
		pairedItem: wave.map(({ itemIndex }) => ({ item: itemIndex })),
	}));
}

function hint(
	context: IExecuteFunctions,
	all: readonly Placed[],
	due: readonly Placed[],
	single: ReadonlySet<string>,
): void {
	const alone = due.map(({ site }) => site).filter((site) => single.has(site));
	if (alone.length > 0) {
		warn(
			context,
			`Sites with a single tunnel among the items: ${namesShown(alone)}. Nothing carries their traffic should the new key fail; 'single_tunnel_sites' of each wave names them.`,
		);
	}
	const strange = all.filter(({ isNameFitting }) => !isNameFitting).map(({ name }) => name);
	if (strange.length > 0) {
		warn(
			context,
			`The Site Pattern finds no site in these names: ${namesShown(strange)}. The customer endpoint counts as their site.`,
		);
	}
}

export const planWaves: Operation = {
	value: 'plan',
	name: 'Plan Waves',
	action: 'Plan waves of key rotations',
	description: 'Sort tunnels into a canary and waves, so that no site loses two tunnels at once',
	asksNobody: true,
	properties,
	execute,
};
