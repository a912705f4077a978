"""What every layer of features is: a folium layer with its features or their tiles, its style, and its legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from branca.element import Figure, MacroElement
from folium.map import Layer
from folium.template import Template
from markupsafe import Markup

from web_map.embed import script_json
from web_map.layers import library
from web_map.layers.features import in_steps

Style = dict[str, Any]
Rule = dict[str, Any]
Key = dict[str, Any]
Feature = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """Where a click asks for a feature's facts, so that they need not come with the map.

    Attributes
    ----------
    address, query
        The property ``key`` of the feature is put between them.
    key
        A property, or ``k``, the feature's own key; features of tiles have properties alone.

    """

    address: str
    key: str = "k"
    query: str | None = None

    def spec(self) -> dict[str, Any]:
        """Return what the script needs of it."""
        return {"ask": self.address, "key": self.key} | ({} if self.query is None else {"query": self.query})


@dataclass(frozen=True)
class Tiles:
    """Vector tiles that a layer takes its features from.

    Attributes
    ----------
    address
        With ``{z}``, ``{x}`` and ``{y}``.
    source
        The layer inside a tile.
    from_zoom
        Before it they are empty, and not asked for.
    key
        The property that names a feature; ``building_id`` where none is given.
    asked
        Where a click asks for a feature's facts, by a key of its own.

    """

    address: str
    source: str
    from_zoom: int = 0
    key: str | None = None
    asked: Asked | None = None

    def spec(self) -> dict[str, Any]:
        """Return what the script needs of it."""
        made: dict[str, Any] = {"tiles": self.address, "minZoom": self.from_zoom, "source": self.source}
        if self.key is not None:
            made["key"] = self.key
        return made if self.asked is None else made | self.asked.spec()


class FeatureLayer(Layer):
    """Features on a map, drawn by ``web_map/script/layers``; inline, packed, or as tiles.

    Parameters
    ----------
    name
        As the legend and folium's ``LayerControl`` call it.
    features
        As ``web_map.layers.features.feature`` makes them.
    style
        ``{"by", "values" or "steps", "fallback"}``: the style of a feature by one of its properties.
    keys
        Lines of the legend: name, style, and ``of``, the class that a line shows and hides.
    identifier
        Short and unique on a page: its pane and its line of the legend are called by it.
    tiles
        Where the features come from, instead.
    asked
        Where their facts come from; rows that they have are told beside.
    show
        Whether it is shown at first.
    more
        What is special: ``mark``, ``label``, ``farRadius``, ``width`` … (``Spec`` in script/layers/layer.js).

    """

    _template = Template(
        """
        {% macro html(this, kwargs) %}
        {% if this.alone %}<script type="application/json" id="{{ this.get_name() }}">{{ this.data() }}</script>{% endif %}
        {% endmacro %}
        {% macro script(this, kwargs) %}
        var {{ this.get_name() }} = gis.layer({{ this._parent.get_name() }}, "{{ this.get_name() }}");
        {% endmacro %}
        """
    )

    def __init__(
        self,
        name: str,
        features: Sequence[Feature],
        style: Rule,
        keys: Sequence[Key] = (),
        *,
        identifier: str,
        tiles: Tiles | None = None,
        asked: Asked | None = None,
        show: bool = True,
        control: bool = True,
        **more: Any,
    ) -> None:
        super().__init__(name=name, overlay=True, control=control, show=show)
        self._name = type(self).__name__
        self.alone = True
        self.spec: dict[str, Any] = {
            "id": identifier, "name": name, "features": list(features), "style": style, "keys": list(keys),
            "shown": show, **more, **(tiles.spec() if tiles else {}), **(asked.spec() if asked else {}),
        }  # fmt: skip

    @property
    def has_content(self) -> bool:
        """Whether there is, or may be, something to draw."""
        return bool(self.spec["features"]) or "tiles" in self.spec or "packed" in self.spec

    def belongs_to_page(self) -> None:
        """Leave script and description to the page: it has its bundle, and the description among its own data.

        The page also shows it, once its map is where it shall begin: tiles of another place are not asked for.
        """
        self.alone, self.show = False, False
        self.spec["at"] = self.get_name()
        if self.spec["features"]:
            self.spec["features"], self.spec["steps"] = in_steps(self.spec["features"])

    def data(self) -> Markup:
        """Return the layer's description as JSON that is safe inside ``<script>``."""
        return script_json(self.spec)

    def render(self, **kwargs: Any) -> None:  # type: ignore[override]
        """Put the layer into its figure, with the script that draws it unless a page brings its own."""
        figure = self.get_root()
        if self.alone and isinstance(figure, Figure):
            library.put_into(figure)
        super().render(**kwargs)  # type: ignore[no-untyped-call]


class Legend(MacroElement):
    """A legend of all layers of a folium map, in one of its corners.

    Parameters
    ----------
    title
        Its heading.
    position
        A corner as Leaflet calls it.

    """

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        gis.legend({{ this._parent.get_name() }}, {{ this.options() }});
        {% endmacro %}
        """
    )

    def __init__(self, title: str = "图例", position: str = "bottomright") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Legend"
        self.title, self.position = title, position

    def options(self) -> Markup:
        """Return what the script needs, as JSON."""
        return script_json({"title": self.title, "position": self.position})

    def render(self, **kwargs: Any) -> None:  # type: ignore[override]
        """Put the legend into its figure."""
        figure = self.get_root()
        if isinstance(figure, Figure):
            library.put_into(figure)
        super().render(**kwargs)  # type: ignore[no-untyped-call]
