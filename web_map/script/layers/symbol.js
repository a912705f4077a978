/* One feature on the canvas of a tile: what protomaps-leaflet calls a symbolizer, for Leaflet's path options. */

/** Kinds of geometry in a vector tile. */
export const POINT = 1;
export const LINE = 2;
export const POLYGON = 3;

/** @typedef {import("./style.js").Style} Style */

export class PathSymbolizer {
  /** @param {(feature: any) => Style | null} look The style of a feature as things stand; null hides it. */
  constructor(look) {
    this.look = look;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {{x: number, y: number}[][]} geometry In pixels of the tile.
   * @param {number} _zoom
   * @param {{geomType: number}} feature
   */
  draw(context, geometry, _zoom, feature) {
    const style = this.look(feature);
    if (!style) return;
    context.beginPath();
    if (feature.geomType === POINT) {
      for (const [point] of geometry) {
        context.moveTo(point.x + (style.radius ?? 4), point.y);
        context.arc(point.x, point.y, style.radius ?? 4, 0, 2 * Math.PI);
      }
    } else {
      for (const ring of geometry) {
        context.moveTo(ring[0].x, ring[0].y);
        for (let i = 1; i < ring.length; i++) context.lineTo(ring[i].x, ring[i].y);
      }
    }
    if (style.fillColor && style.fill !== false && feature.geomType !== LINE) {
      context.globalAlpha = style.fillOpacity ?? 0.2;
      context.fillStyle = style.fillColor;
      context.fill("evenodd");
    }
    if (style.weight === 0) return;
    context.globalAlpha = style.opacity ?? 1;
    context.strokeStyle = style.color ?? "#000000";
    context.lineWidth = style.weight ?? 1;
    context.lineCap = "round";
    context.lineJoin = "round";
    context.setLineDash(style.dashArray ? style.dashArray.split(/[ ,]+/).map(Number) : []);
    context.stroke();
  }
}
