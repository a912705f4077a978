/* What protomaps-leaflet imports and no page of ours uses: its own styles, and its own kind of archive. */
export const namedFlavor = () => null;
export const labelRules = () => [];
export const paintRules = () => [];
export class PMTiles {}
