import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { errorText, faultsShown, nodeError, stopError } from '../../shared/errors';
import { warn } from '../../shared/hints';
import type { RunSettings } from './options';
import { readSettings } from './options';
import type { RotationOutcome } from './outcome';
import { itemOf } from './outcome';
import type { SiteFault } from './places';
import { findPlaces, readSites } from './places';
import type { Site } from './site';
import { upToDate } from './upToDate';
import { Vaults } from './vaults';
import { watched } from './watched';

/** What an operation does with the tunnels, once everything is read and checked. */
export type Work = (
	sites: readonly Site[],
	settings: RunSettings,
	isStopped: () => boolean,
) => Promise<{
	outcomes: RotationOutcome[];
	/** Found before the first change. */
	faults?: SiteFault[];
	/** Found when something was changed already, so that they stop nothing. */
	unchecked?: SiteFault[];
}>;

/**
 * Runs an operation of the resource: resolves, reads and checks everything, then works, and gives one
 * item a tunnel. The vault's token is given back at the end, whatever happened.
 *
 * @param readItem reads what the operation needs of an item besides its tunnel; throws NodeOperationError
 * @throws NodeOperationError or NodeApiError in the default On Error mode if something is wrong
 * before the first change
 */
export async function runRotation(
	context: IExecuteFunctions,
	readItem: (itemIndex: number) => void,
	work: Work,
): Promise<INodeExecutionData[][]> {
	const settings = settingsOf(context);
	if ('error' in settings) return [allRefused(context, settings.error).map(itemOf)];
	const vaults = new Vaults(context, settings.vaultTimeoutMs);
	try {
		const { places, faults } = await findPlaces(context, settings, vaults, readItem);
		stopFor(context, faults);
		const read = await readSites(context, vaults, places, settings.concurrency, 'change');
		stopFor(context, read.faults);
		vaults.warnings.push(...read.sites.flatMap(({ snapshot }) => snapshot.warnings));
		const sites = (await upToDate(read.sites)).map((site) => ({
			...site,
			vault: watched(site.vault, vaults.warnings),
		}));
		const isStopped = () => context.getExecutionCancelSignal?.()?.aborted === true;
		const worked = await work(sites, settings, isStopped);
		const { outcomes, faults: found = [], unchecked = [] } = worked;
		stopFor(context, found);
		const refused = [...faults, ...read.faults, ...found, ...unchecked].map(refusal);
		const order = new Map(places.map(({ tunnel }, index) => [tunnel.id, index]));
		return [inOrder([...refused, ...outcomes], order).map(itemOf)];
	} finally {
		await vaults.close();
		hint(context, vaults.warnings);
	}
}

/** For operations that need nothing of an item but its tunnel. */
export function noInput(): void {}

/** @throws NodeOperationError in the default On Error mode if an option can't be used */
export function settingsOf(context: IExecuteFunctions): RunSettings | { error: unknown } {
	try {
		return readSettings(context);
	} catch (error) {
		if (!context.continueOnFail()) throw nodeError(context.getNode(), error);
		return { error };
	}
}

/** The outcome of every item of a run that can't start. */
export function allRefused(context: IExecuteFunctions, error: unknown): RotationOutcome[] {
	return context.getInputData().map((_, itemIndex) => refusal({ subject: { itemIndex }, error }));
}

/** @throws NodeOperationError or NodeApiError in the default On Error mode if there is a fault */
export function stopFor(context: IExecuteFunctions, faults: readonly SiteFault[]): void {
	if (faults.length > 0 && !context.continueOnFail()) throw stopError(context.getNode(), faults);
}

function refusal({ subject, error }: SiteFault): RotationOutcome {
	return { ...subject, status: 'unapplied', reason: errorText(error) };
}

/** By item, and within one item as the account lists its tunnels. */
function inOrder(
	outcomes: readonly RotationOutcome[],
	order: ReadonlyMap<string, number>,
): RotationOutcome[] {
	const rank = ({ tunnelId = '' }: RotationOutcome) => order.get(tunnelId) ?? -1;
	return [...outcomes].sort((a, b) => a.itemIndex - b.itemIndex || rank(a) - rank(b));
}

export function hint(context: IExecuteFunctions, warnings: readonly string[]): void {
	if (warnings.length === 0) return;
	warn(context, faultsShown([...new Set(warnings)]));
}
