import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { CallError } from '../../api/failure';
import { faultsShown, nodeError } from '../../shared/errors';
import { warn } from '../../shared/hints';
import type { Attempt } from '../keys/attempt';
import type { PskOutcome } from './outcome';
import { toOutputs } from './outcome';

/**
 * The outputs of a psk operation. Throws only where it is certain that nothing was changed: every
 * other outcome has to reach the workflow.
 *
 * @param action for messages: "set the PSKs"
 * @throws NodeOperationError or NodeApiError in the default On Error mode, if no key was changed
 */
export function answer(
	context: IExecuteFunctions,
	action: string,
	outcomes: readonly PskOutcome[],
	attempts: readonly Attempt[] = [],
): INodeExecutionData[][] {
	const refused = outcomes.filter((outcome) => outcome.status === 'unapplied');
	if (refused.length > 0 && refused.length === outcomes.length && !context.continueOnFail()) {
		throw nothingApplied(context, action, refused, attempts);
	}
	hintAtTrouble(context, outcomes);
	return toOutputs(outcomes);
}

function nothingApplied(
	context: IExecuteFunctions,
	action: string,
	refused: ReadonlyArray<PskOutcome & { status: 'unapplied' }>,
	attempts: readonly Attempt[],
) {
	const itemIndex = refused[0]?.itemIndex;
	const first = attempts.find(({ error }) => error !== undefined)?.error;
	if (first !== undefined) return nodeError(context.getNode(), first, itemIndex);
	const reasons = refused.map((outcome) => `Item ${outcome.itemIndex}: ${outcome.reason}`);
	const failure = new CallError({
		action,
		effect: 'refused',
		what:
			attempts.length === refused.length
				? `Cloudflare refused all ${refused.length}`
				: `none of the ${refused.length} was applied`,
		remedy: `${faultsShown(reasons)} Nothing was changed: the old keys are still live.`,
	});
	return nodeError(context.getNode(), failure, itemIndex);
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
