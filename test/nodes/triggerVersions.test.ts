import type { IDataObject } from 'n8n-workflow';
import type * as Events from '../../nodes/CloudflareMagicIpsec/trigger/events';
import { EVENTS } from '../../nodes/CloudflareMagicIpsec/trigger/events';
import type * as Fields from '../../nodes/CloudflareMagicIpsec/trigger/fields';
import type * as StoredForm from '../../nodes/CloudflareMagicIpsec/trigger/storedForm';
import {
	STORED_ACCOUNT,
	STORED_AT,
	STORED_FORMAT_1,
	STORED_FORMAT_2,
	STORED_FORMAT_3,
	STORED_TUNNELS,
} from '../helpers/storedForms';

/** What the trigger left in the static data, read by versions of the package that compare other fields. */

const DAY_MS = 86_400_000;

describe('another version of the package', () => {
	/** The trigger's comparison as it would be with other compared fields. */
	const versionWith = (change: (fields: Fields.ComparedField[]) => Fields.ComparedField[]) => {
		let version!: typeof Events & typeof StoredForm;
		const path = '../../nodes/CloudflareMagicIpsec/trigger';
		jest.isolateModules(() => {
			jest.doMock(`${path}/fields`, () => {
				const actual = jest.requireActual<typeof Fields>(`${path}/fields`);
				return { ...actual, COMPARED: change([...actual.COMPARED]) };
			});
			version = {
				...jest.requireActual<typeof Events>(`${path}/events`),
				...jest.requireActual<typeof StoredForm>(`${path}/storedForm`),
			};
		});
		jest.dontMock(`${path}/fields`);
		return version;
	};

	type Version = ReturnType<typeof versionWith>;

	const LATER: Array<[string, (fields: Fields.ComparedField[]) => Fields.ComparedField[]]> = [
		[
			'with a field more, that was among the others',
			(fields) => [{ name: 'post_quantum', read: (tunnel) => tunnel.post_quantum }, ...fields],
		],
		['with a field less', (fields) => fields.filter(({ name }) => name !== 'remote_identities')],
		['in another order', (fields) => [...fields].reverse()],
	];

	const settings = {
		events: new Set(EVENTS),
		includes: () => true,
		dueAfterMs: 90 * DAY_MS,
		remindAfterMs: 7 * DAY_MS,
	};

	const nothingMissing = { gone: new Set<string>(), doubtful: new Map<string, string>() };

	const pollOf = (version: Version, stored: IDataObject, tunnels: readonly object[]) => {
		const known = version.readStoredForm(stored, STORED_ACCOUNT);
		expect(known.fault).toBeUndefined();
		const { found, after } = version.compare(
			known.tunnels,
			tunnels as never,
			nothingMissing,
			STORED_AT,
			settings,
		);
		return {
			told: found.map(({ event, tunnel: { id }, changes }) => [
				event,
				id.slice(0, 2),
				Object.keys(changes),
			]),
			stored: version.storedForm(STORED_ACCOUNT, after),
		};
	};

	const [berlin, zurich, long] = STORED_TUNNELS;

	describe.each(LATER)('%s', (_, change) => {
		it.each([
			['format 1', STORED_FORMAT_1],
			['format 2', STORED_FORMAT_2],
			['format 3', STORED_FORMAT_3],
		])('tells of nothing that has not changed since %s, there and back', (__, stored) => {
			const later = pollOf(versionWith(change), stored, STORED_TUNNELS);
			expect(later.told).toEqual([]);
			expect(pollOf(versionWith(change), later.stored, STORED_TUNNELS).told).toEqual([]);
			const back = pollOf(
				versionWith((fields) => fields),
				later.stored,
				STORED_TUNNELS,
			);
			expect(back.told).toEqual([]);
			expect(back.stored).toEqual(STORED_FORMAT_3);
		});

		it('tells of what both know, at once, and of the rest from its second poll', () => {
			const version = versionWith(change);
			const first = pollOf(version, STORED_FORMAT_2, [
				{ ...berlin, description: 'moved', name: 'renamed' },
				{ ...zurich, replay_protection: true },
				long!,
			]);
			expect(first.told).toEqual([
				['tunnelUpdated', '1a', ['name', 'description']],
				['tunnelUpdated', '2b', ['replay_protection']],
			]);
			const second = pollOf(version, first.stored, [
				{ ...berlin, description: 'moved', name: 'renamed' },
				{ ...zurich, replay_protection: true },
				{ ...long, post_quantum: { enabled: false } },
			]);
			expect(second.told).toEqual([['tunnelUpdated', '3c', ['post_quantum']]]);
		});
	});

	it('keeps what it does not know of a tunnel that is not listed', () => {
		const version = versionWith(LATER[0]![1]);
		const first = pollOf(version, STORED_FORMAT_2, [berlin!, zurich!]);
		expect(first.told).toEqual([]);
		const second = pollOf(version, first.stored, [
			berlin!,
			zurich!,
			{ ...long, post_quantum: { enabled: false }, description: 'moved' },
		]);
		expect(second.told).toEqual([['tunnelUpdated', '3c', ['description']]]);
	});
});
