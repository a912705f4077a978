/* The style of a feature, by the rule of its layer. */

/**
 * @typedef {{color?: string, weight?: number, dashArray?: string, fill?: boolean, fillColor?: string,
 *   fillOpacity?: number, opacity?: number, radius?: number}} Style  As Leaflet's path options.
 * @typedef {{by?: string, values?: Record<string, Style>, steps?: [number, Style][], fallback: Style}} Rule
 *   `values`: by the property `by` as text; `steps`: the first that the property reaches, the largest first.
 * @typedef {Record<string, any>} Properties
 */

/**
 * @param {Rule} rule
 * @param {Properties} properties
 * @returns {Style}
 */
export function styleOf(rule, properties) {
  if (!rule.by) return rule.fallback;
  const value = properties[rule.by];
  if (rule.steps) {
    for (const [least, style] of rule.steps) if (Number(value) >= least) return style;
    return rule.fallback;
  }
  return rule.values?.[value] || rule.fallback;
}

/**
 * @param {Rule} rule
 * @param {Properties} properties
 * @returns {string} The class that a feature falls into by the same rule; "" for none of them.
 */
export function classOf(rule, properties) {
  const value = properties[rule.by ?? ""];
  if (rule.steps) {
    const step = rule.steps.find(([least]) => Number(value) >= least);
    return step ? String(step[0]) : "";
  }
  return rule.values && value in rule.values ? String(value) : "";
}

/**
 * @param {Style} style
 * @param {Properties} properties
 * @param {{farRadius?: number, farWeight?: number, farStyle?: Style}} spec
 * @returns {Style} How a feature looks from afar, as a dot: its area grows with `size`, or with its houses.
 */
export function farStyle(style, properties, spec) {
  const radius = properties.houses
    ? 2 + Math.sqrt(Number(properties.houses)) / 2.2
    : Number(properties.size) || spec.farRadius || style.radius || 4;
  return {
    ...style,
    ...spec.farStyle,
    fill: true,
    fillOpacity: properties.houses ? 0.85 : 0.9,
    radius,
    weight: spec.farWeight ?? 1,
    color: "#ffffff",
    dashArray: undefined,
  };
}
