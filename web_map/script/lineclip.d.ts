/** lineclip brings no types of its own. */
declare module "lineclip" {
  type Points = [number, number][];
  /** What of a line lies in the box [least x, least y, most x, most y]. */
  export function clipPolyline(points: Points, box: number[]): Points[];
  /** What of a ring lies in the box. */
  export function clipPolygon(points: Points, box: number[]): Points;
}
