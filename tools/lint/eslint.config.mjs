import eslint from '@eslint/js';
import { n8nCommunityNodesPlugin } from '@n8n/eslint-plugin-community-nodes';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import { importX } from 'eslint-plugin-import-x';
import n8nNodesPlugin from 'eslint-plugin-n8n-nodes-base';
import globals from 'globals';
import path from 'node:path';
import tseslint from 'typescript-eslint';

// ESLint takes globs as relative to the directory it runs in: run.mjs starts it in the repository's root.
const root = path.resolve(import.meta.dirname, '../..');
const shipped = ['nodes/**/*.ts', 'credentials/**/*.ts'];
const manifest = ['package.json'];

/** The rules of n8n's own `n8n-node lint`; typescript-eslint's or ESLint's alone for what does not ship. */
export default tseslint.config(
	{ ignores: ['dist/**', 'coverage/**', 'tools/n8n-nodes/*/**'] },
	{ linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
	{
		files: ['**/*.{ts,mts}'],
		extends: [eslint.configs.recommended, tseslint.configs.recommended],
		rules: { 'prefer-spread': 'off' },
	},
	{
		files: ['**/*.{js,cjs,mjs}'],
		extends: [eslint.configs.recommended],
		rules: {
			eqeqeq: 'error',
			'no-implicit-globals': 'error',
			'no-var': 'error',
			'object-shorthand': 'error',
			'prefer-const': 'error',
		},
	},
	{
		files: ['**/*.{js,cjs}'],
		languageOptions: { sourceType: 'commonjs', globals: globals.node },
		rules: { strict: ['error', 'global'] },
	},
	{ files: ['**/*.mjs'], languageOptions: { globals: globals.nodeBuiltin } },
	{
		files: shipped,
		extends: [n8nCommunityNodesPlugin.configs.recommended, importX.flatConfigs.recommended],
		settings: {
			...importX.flatConfigs.typescript.settings,
			'import-x/resolver-next': [
				createTypeScriptImportResolver({ project: path.join(root, 'tsconfig.json') }),
			],
		},
		rules: { 'no-console': 'error' },
	},
	{ plugins: { 'n8n-nodes-base': n8nNodesPlugin } },
	{
		files: manifest,
		extends: [n8nCommunityNodesPlugin.configs.recommended],
		languageOptions: {
			parser: tseslint.parser,
			parserOptions: { extraFileExtensions: ['.json'] },
		},
		rules: n8nNodesPlugin.configs.community.rules,
	},
	{
		files: ['credentials/**/*.ts'],
		rules: {
			...n8nNodesPlugin.configs.credentials.rules,
			// Not valid for community nodes.
			'n8n-nodes-base/cred-class-field-documentation-url-miscased': 'off',
			// @n8n/community-nodes/credential-password-field is more accurate.
			'n8n-nodes-base/cred-class-field-type-options-password-missing': 'off',
		},
	},
	{
		files: ['nodes/**/*.ts'],
		rules: {
			...n8nNodesPlugin.configs.nodes.rules,
			// Inputs and outputs may be NodeConnectionTypes.Main instead of the string "main".
			'n8n-nodes-base/node-class-description-inputs-wrong-regular-node': 'off',
			'n8n-nodes-base/node-class-description-outputs-wrong': 'off',
			// An API may have a true maximum.
			'n8n-nodes-base/node-param-type-options-max-value-present': 'off',
		},
	},
);
