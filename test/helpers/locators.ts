/** Values of the parameter `tunnelId`, as the editor's resource locator stores them. */

export const byId = (value: string) => ({ __rl: true, mode: 'id', value });

export const byName = (value: string) => ({ __rl: true, mode: 'name', value });

export const fromList = (value: string) => ({
	__rl: true,
	mode: 'list',
	value,
	cachedResultName: 'x',
});
