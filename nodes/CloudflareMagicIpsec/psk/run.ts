import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { CallError, effectOf } from '../../api/failure';
import { errorText, inputError, nodeError } from '../../shared/errors';
import { hintAtStorage, refuseAgents, storageFault, warn } from './guard';
import type { PskOutcome } from './outcome';
import { toOutputs } from './outcome';
import type { Plan, Target } from './plan';
import { planRun, subjectOf } from './plan';
import { verifyOutcomes } from './verify';

/** What makes one psk operation different from the others. */
export interface PskOperation<Input> {
	/** For messages: "set the PSKs". */
	action: string;
	/** Reads what the item gives besides the tunnel; throws NodeOperationError. */
	readInput(context: IExecuteFunctions, itemIndex: number): Input;
	/** Why the operation can't start at all, or undefined. */
	startFault(context: IExecuteFunctions): string | undefined;
	/** The key that is sent for a target; undefined where Cloudflare makes it. */
	keyOf(input: Input): string | undefined;
	/** False if the operation only prepares or checks, so that nothing is to be verified. */
	changesKeys: boolean;
	/** Gives every target exactly one outcome, and never rejects. */
	apply(targets: ReadonlyArray<Target<Input>>, failures: FailureLog): Promise<PskOutcome[]>;
}

/** The first error of a run, for the case that nothing at all went through. */
export class FailureLog {
	first: unknown;

	/** The outcome of a target whose call failed: what it may have changed decides. */
	outcome(target: Target<unknown>, error: unknown, psk?: string): PskOutcome {
		this.first ??= error;
		const reason = errorText(error);
		return effectOf(error) !== 'unknown'
			? { ...subjectOf(target), status: 'unapplied', reason }
			: { ...subjectOf(target), status: 'unknown', reason, psk };
	}
}

/**
 * Runs a psk operation: everything is checked before the first change, and after it every tunnel
 * ends as an outcome and nothing throws.
 *
 * @returns the items of the outputs Secret and Notification
 * @throws NodeOperationError or NodeApiError in the default On Error mode, as long as nothing was
 * changed; never in the modes that continue
 */
export async function runPskOperation<Input>(
	context: IExecuteFunctions,
	operation: PskOperation<Input>,
): Promise<INodeExecutionData[][]> {
	refuseAgents(context);
	const plan = await startPlan(context, operation);
	if (plan.targets.length > 0) hintAtStorage(context);
	const failures = new FailureLog();
	const applied = await operation.apply(plan.targets, failures);
	const outcomes = [...plan.refused, ...(await verify(operation, plan, applied))];
	const refused = outcomes.filter(({ status }) => status === 'unapplied');
	if (refused.length > 0 && refused.length === outcomes.length && !context.continueOnFail()) {
		throw nothingApplied(context, operation, refused, failures.first);
	}
	hintAtTrouble(context, outcomes);
	return toOutputs(outcomes);
}

/** Why nothing can start; also where an option can't even be read, since a continue mode never throws. */
function startFault<Input>(
	context: IExecuteFunctions,
	operation: PskOperation<Input>,
): string | undefined {
	try {
		return operation.startFault(context) ?? storageFault(context);
	} catch (error) {
		return errorText(error);
	}
}

async function startPlan<Input>(
	context: IExecuteFunctions,
	operation: PskOperation<Input>,
): Promise<Plan<Input>> {
	const fault = startFault(context, operation);
	const node = context.getNode();
	const readInput = (itemIndex: number) => {
		if (fault !== undefined) {
			throw inputError(node, `Could not ${operation.action}`, fault, itemIndex);
		}
		return operation.readInput(context, itemIndex);
	};
	return await planRun(context, readInput);
}

/** The outcomes after a look at what is live now; unverified ones if that look goes wrong anyhow. */
async function verify<Input>(
	operation: PskOperation<Input>,
	plan: Plan<Input>,
	applied: PskOutcome[],
): Promise<PskOutcome[]> {
	if (!operation.changesKeys) return applied;
	try {
		return await verifyOutcomes(plan.targets, applied, (input) => operation.keyOf(input));
	} catch {
		return applied;
	}
}

function nothingApplied<Input>(
	context: IExecuteFunctions,
	operation: PskOperation<Input>,
	refused: readonly PskOutcome[],
	first: unknown,
) {
	if (first !== undefined) return nodeError(context.getNode(), first, refused[0]?.itemIndex);
	const reasons = refused.map((outcome) =>
		outcome.status === 'unapplied' ? `Item ${outcome.itemIndex}: ${outcome.reason}` : '',
	);
	return nodeError(
		context.getNode(),
		new CallError({
			action: operation.action,
			effect: 'none',
			what: `Cloudflare refused all ${refused.length}`,
			remedy: `${reasons.join('. ')}. Nothing was changed: the old keys are still live.`,
		}),
		refused[0]?.itemIndex,
	);
}

function hintAtTrouble(context: IExecuteFunctions, outcomes: readonly PskOutcome[]): void {
	const count = (wanted: PskOutcome['status']) =>
		outcomes.filter(({ status }) => status === wanted).length;
	const unverified = outcomes.filter(
		(outcome) => outcome.status === 'applied' && !outcome.verified,
	).length;
	const troubles = [
		[count('unapplied'), 'not applied: the old key is still live'],
		[count('unknown'), 'unknown: the live key may be the old or the new one'],
		[unverified, 'applied but not verified'],
	] as const;
	const told = troubles
		.filter(([number]) => number > 0)
		.map(([number, what]) => `${number} of ${outcomes.length} keys ${what}`);
	if (told.length === 0) return;
	warn(context, `${told.join('; ')}. The Notification output says why for each tunnel.`);
}

/** The value of an option that is a whole number and the same for the whole run. */
export function readCount(context: IExecuteFunctions, option: INodeProperties): number {
	return context.getNodeParameter(`options.${option.name}`, 0, option.default) as number;
}

/** What is wrong with the value of such an option, or undefined. */
export function countFault(
	context: IExecuteFunctions,
	option: INodeProperties,
): string | undefined {
	const { minValue = 1, maxValue = Infinity } = option.typeOptions ?? {};
	const value = readCount(context, option);
	return Number.isInteger(value) && value >= minValue && value <= maxValue
		? undefined
		: `The option '${option.displayName}' must be a whole number from ${minValue} to ${maxValue}.`;
}
