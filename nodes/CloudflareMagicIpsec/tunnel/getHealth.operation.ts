import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeProperties,
} from 'n8n-workflow';
import { tryToParseDateTime } from 'n8n-workflow';
import type { HealthResult } from '../../api/tunnelHealth';
import type { IpsecTunnel } from '../../api/types';
import { Accounts } from '../../shared/accounts';
import { inputError } from '../../shared/errors';
import { namesShown, warn } from '../../shared/hints';
import { readEach } from '../../shared/items';
import type { Operation } from '../../shared/operation';
import {
	accountIdOption,
	optionsCollection,
	readCountParameter,
	timeoutOption,
} from '../../shared/options';
import { findTunnel, tunnelLocator, tunnelReference } from '../../shared/tunnelLocator';
import type { Asked, Wish } from '../health/answers';
import { Answers } from '../health/answers';
import { counting, dataCentersIn, healthOf, verdictOf } from '../health/verdict';

const windowProperty: INodeProperties = {
	displayName: 'Window (Minutes)',
	name: 'windowMinutes',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: 10_080, numberPrecision: 0 },
	default: 15,
	description:
		'How far back to look. Results come some 5 to 10 minutes late, so fewer than 10 minutes may show none.',
};

const sinceProperty: INodeProperties = {
	displayName: 'Since',
	name: 'since',
	type: 'dateTime',
	default: '',
	description: 'Results before this moment do not count, for example of before a key was changed',
};

const onlyActiveProperty: INodeProperties = {
	displayName: 'Only Active',
	name: 'onlyActive',
	type: 'boolean',
	default: true,
	description:
		"Whether only data centers count that carried the tunnel's traffic in the last 6 hours, as long as there are any",
};

const properties: INodeProperties[] = [
	tunnelLocator,
	windowProperty,
	sinceProperty,
	onlyActiveProperty,
	optionsCollection([accountIdOption, timeoutOption]),
];

/** @throws NodeOperationError if a parameter can't be used */
function readWish(context: IExecuteFunctions, itemIndex: number): Wish {
	const onlyActive = context.getNodeParameter(onlyActiveProperty.name, itemIndex, true) as unknown;
	if (typeof onlyActive !== 'boolean') {
		throw unusable(context, onlyActiveProperty, 'It must be true or false.', itemIndex);
	}
	return {
		windowMinutes: readCountParameter(context, windowProperty, itemIndex),
		since: readSince(context, itemIndex),
		onlyActive,
	};
}

function unusable(
	context: IExecuteFunctions,
	{ displayName }: INodeProperties,
	remedy: string,
	itemIndex: number,
) {
	const message = `The parameter '${displayName}' can't be used`;
	return inputError(context.getNode(), message, remedy, itemIndex);
}

/** A time without a zone is one of the workflow's, as n8n's date picker gives it. */
function readSince(context: IExecuteFunctions, itemIndex: number): number | undefined {
	const value = context.getNodeParameter(sinceProperty.name, itemIndex, '') as unknown;
	if (value === '') return undefined;
	if (typeof value === 'string' || (typeof value === 'object' && value !== null)) {
		try {
			return tryToParseDateTime(value, context.getTimezone()).toMillis();
		} catch {
			// It is none: told below.
		}
	}
	const remedy = 'Give a date and time, such as 2026-11-21T10:00:00Z, or leave it empty.';
	throw unusable(context, sinceProperty, remedy, itemIndex);
}

function iso(ms: number | undefined): string | null {
	return ms === undefined ? null : new Date(ms).toISOString();
}

function isUnchecked({ health_check: check }: IpsecTunnel): boolean {
	return check?.enabled === false;
}

function itemOf(asked: Asked, results: readonly HealthResult[]): IDataObject {
	const { client, tunnel, windowMinutes, since, onlyActive } = asked;
	const dataCenters = counting(dataCentersIn(results), onlyActive);
	const newest = dataCenters.map(({ newestAt }) => newestAt).sort((a, b) => b - a)[0];
	return {
		tunnel_id: tunnel.id,
		tunnel_name: tunnel.name,
		account_id: client.accountId,
		// Cloudflare shows a tunnel as down while its health check is off, whatever its traffic does.
		health: isUnchecked(tunnel) ? 'unknown' : verdictOf(dataCenters),
		data_centers: dataCenters.map((one) => ({
			name: one.name,
			city: one.city,
			state: healthOf(one),
			active: one.active,
			results: one.results,
			newest_result_at: iso(one.newestAt),
		})),
		newest_result_at: iso(newest),
		window_minutes: windowMinutes,
		since: iso(since),
	};
}

/** Get Health: one item for each, from as few queries as the items allow. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const accounts = new Accounts(context);
	const answers = new Answers();
	const unchecked = new Set<string>();
	const items = await readEach(
		context,
		async (itemIndex): Promise<Asked> => {
			const wish = readWish(context, itemIndex);
			const reference = tunnelReference(context, itemIndex);
			const client = await accounts.client(itemIndex);
			const tunnels = await accounts.tunnels(client);
			const tunnel = findTunnel(context.getNode(), tunnels, reference, itemIndex);
			const asked = { ...wish, client, tunnel };
			answers.add(asked);
			if (isUnchecked(tunnel)) unchecked.add(tunnel.name);
			return asked;
		},
		async (asked) => [itemOf(asked, await answers.of(asked))],
	);
	if (unchecked.size > 0) {
		warn(
			context,
			`The health of these tunnels is unknown, because their health checks are off: ${namesShown([...unchecked])}`,
		);
	}
	return items;
}

export const getHealth: Operation = {
	value: 'getHealth',
	name: 'Get Health',
	action: 'Get health of a tunnel',
	description: "Get what Cloudflare's data centers find when they probe a tunnel",
	properties,
	execute,
};
