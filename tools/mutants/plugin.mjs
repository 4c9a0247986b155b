import { declareClassPlugin, declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';
import { Report } from './report.mjs';

// What Stryker loads from here, in each of its processes.

/** What a person reads in the editor, by the name of its property. */
const TEXTS = new Set([
	'action',
	'description',
	'displayName',
	'hint',
	'notice',
	'placeholder',
	'subtitle',
]);

const texts = {
	shouldIgnore(path) {
		const { key, value } = path.isObjectProperty() ? path.node : {};
		return TEXTS.has(key?.name) && value.type === 'StringLiteral'
			? 'a text of the editor'
			: undefined;
	},
};

export const strykerPlugins = [
	declareClassPlugin(PluginKind.Reporter, 'report', Report),
	declareValuePlugin(PluginKind.Ignore, 'texts', texts),
];
