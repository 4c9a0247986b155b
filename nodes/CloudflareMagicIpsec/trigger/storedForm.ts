import type { IDataObject } from 'n8n-workflow';
import { FIELD_NAMES, rearranged } from './configuration';
import { fingerprint, FINGERPRINT_LENGTH, UNKNOWN } from './fingerprint';
import type { Snapshot } from './snapshot';
import { NO_HEALTH, Remembered } from './snapshot';

/**
 * What is kept in the node's static data: `{format, account_id, tunnels}`. The tunnels are one text,
 * since n8n watches every object in its static data, which takes longer than the whole poll when
 * there are thousands: `CHECK;FIELDS;LINE;LINE…`, at most 300 bytes a tunnel, and no character that
 * JSON escapes. CHECK is a fingerprint of all the rest, FIELDS names the compared fields with spaces
 * between, and every LINE is a `Remembered`.
 *
 * Fields may come and go within one format. A change of the lines, or of what a field's fingerprint is
 * made of, is a new format: keep reading the older ones, and keep their frozen samples among the tests.
 */
const FORMAT = 3;

/** Formats 1 and 2 had no HEALTH at the end of a line; format 1 had no FIELDS either, and was always of these. */
const FIELDS_OF_FORMAT_1 =
	'description interface_address interface_address6 health_check bgp custom_remote_identities remote_identities automatic_return_routing replay_protection allow_null_cipher *Wz_Vg';

const FIELDS = FIELD_NAMES.join(' ');

/** What is known from the poll before. */
export interface Known {
	/** Undefined where nothing of this account is known. */
	tunnels: Snapshot | undefined;
	/** Why what is stored can't be used, for the log. */
	fault?: string;
}

/** What is to be stored. */
export function storedForm(accountId: string, tunnels: Snapshot): IDataObject {
	const rows = [FIELDS, ...[...tunnels.values()].map(({ line }) => line)].join(';');
	return {
		format: FORMAT,
		account_id: accountId,
		tunnels: `${fingerprint(rows)};${rows}`,
	};
}

/** What was stored for an account, by this version of the package or by an older one. */
export function readStoredForm(stored: IDataObject, accountId: string): Known {
	const { format, account_id: account, tunnels: text } = stored;
	if (Object.keys(stored).length === 0) return { tunnels: undefined };
	if (typeof format === 'number' && format > FORMAT) {
		return { tunnels: undefined, fault: 'it was stored by a newer version of this package' };
	}
	const rows = rowsIn(text);
	if (
		(format !== FORMAT && format !== 2 && format !== 1) ||
		typeof account !== 'string' ||
		rows === undefined
	) {
		return { tunnels: undefined, fault: 'it is damaged' };
	}
	if (account !== accountId) return { tunnels: undefined };
	const fields = format === 1 ? FIELDS_OF_FORMAT_1 : (rows.shift() ?? '');
	const lines = format === FORMAT ? rows : rows.map((row) => `${row}${NO_HEALTH}`);
	return { tunnels: snapshotIn(lines, fields) };
}

/** The rows of a text; undefined if it is not whole and unchanged. */
function rowsIn(text: unknown): string[] | undefined {
	if (typeof text !== 'string') return undefined;
	const rows = text.slice(FINGERPRINT_LENGTH + 1);
	if (text !== `${fingerprint(rows)};${rows}`) return undefined;
	return rows === '' ? [] : rows.split(';');
}

function snapshotIn(lines: readonly string[], fields: string): Snapshot {
	const stored = lines.map((line) => new Remembered(line));
	const names = fields.split(' ');
	const remembered = fields === FIELDS ? stored : stored.map((one) => migrated(one, names));
	return new Map(remembered.map((one) => [one.id, one]));
}

/** A tunnel that was remembered by other fields: it is compared anew by those that both know. */
function migrated({ id, tunnel }: Remembered, names: readonly string[]): Remembered {
	const fingerprints = rearranged(tunnel.fingerprints, names);
	return Remembered.of(id, UNKNOWN, { ...tunnel, fingerprints });
}
