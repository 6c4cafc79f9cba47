"""Draw a figure once and get both of its files, SVG and PNG.

Matplotlib would walk a figure's artists once per format, and shape and measure its texts anew each
time. Here each thing drawn goes to both: to SVG in points, 72 an inch, and to the PNG enlarged. A
text is shaped once in a process; in the PNG it is an outline too.
"""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache
from io import StringIO
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.backend_bases import FigureCanvasBase, GraphicsContextBase, RendererBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.font_manager import findfont, get_font
from matplotlib.path import Path
from matplotlib.textpath import TextToPath, text_to_path
from matplotlib.transforms import Affine2D, Bbox, IdentityTransform, TransformedPath

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties
    from matplotlib.ft2font import FT2Font
    from matplotlib.transforms import Transform

POINTS = 72  # per inch
DPI = 160  # of the PNG


def drawn(fig: Figure) -> tuple[bytes, bytes]:
    """Return a figure as SVG and PNG, without the time and with fixed ids, and close it."""
    fig.set_dpi(POINTS)
    for axis in (axis for ax in fig.axes for axis in (ax.xaxis, ax.yaxis)):
        if not axis.label.get_text():  # room would be sought for it beside the ticks' labels
            axis.set_label_coords(0, 0)
    svg = StringIO()
    with mpl.rc_context({"svg.hashsalt": "clusterstudy"}):
        renderer = _Both(fig, svg)
        _Canvas(fig, renderer)
        fig.draw(renderer)
        renderer.svg.finalize()
    plt.close(fig)
    return svg.getvalue().encode(), _png(np.asarray(renderer.png.buffer_rgba()))


def _png(image: np.ndarray) -> bytes:
    """Return an opaque image as PNG, each row as its difference from the one above.

    Pillow tries five such filters on every row, for twice the time and files as large.
    """
    height, width, _ = image.shape
    colours = image[:, :, :3].reshape(height, -1)
    rows = np.full((height, 1 + colours.shape[1]), 2, np.uint8)  # 2 names the filter
    rows[0, 1:] = colours[0]
    np.subtract(colours[1:], colours[:-1], out=rows[1:, 1:])
    metre = round(DPI / 0.0254)
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0),
        b"pHYs": struct.pack(">IIB", metre, metre, 1),
        b"IDAT": zlib.compress(rows.data, 1),
        b"IEND": b"",
    }
    png = b"\x89PNG\r\n\x1a\n"
    for kind, content in chunks.items():
        checked = kind + content
        png += struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))
    return png


class _Texts(TextToPath):
    """Shapes and measures a text once."""

    def get_glyphs_with_font(
        self,
        font: FT2Font,
        s: str,
        glyph_map: dict[str, Any] | None = None,
        return_new_glyphs_only: bool = False,
        **how: Any,
    ) -> tuple[list[Any], dict[str, Any], list[Any]]:
        placed, outlines = _shaped(font, s, **how)
        known = {} if glyph_map is None else glyph_map
        new = {name: outlines[name] for name in outlines if name not in known}
        return placed, new if return_new_glyphs_only else known | new, []

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: Any
    ) -> tuple[float, float, float]:
        return _measured(s, prop.copy(), ismath)


@lru_cache(1024)
def _shaped(font: FT2Font, text: str, **how: Any) -> tuple[list[Any], dict[str, Any]]:
    """Return where the glyphs of a text are, and their outlines by name."""
    return text_to_path.get_glyphs_with_font(font, text, **how)[:2]


@lru_cache(1024)
def _measured(text: str, prop: FontProperties, ismath: Any) -> tuple[float, float, float]:
    return text_to_path.get_text_width_height_descent(text, prop, ismath)


@lru_cache(1024)
def _outline(text: str, prop: FontProperties, ismath: Any) -> Path:
    points, codes = TEXTS.get_text_path(prop, text, ismath)
    return Path(np.reshape(points, (-1, 2)), codes or None)


@lru_cache(256)
def _line(prop: FontProperties) -> tuple[float, float, float]:
    font = get_font(findfont(prop))
    table = font.get_sfnt_table("OS/2")
    assert table is not None
    scale = prop.get_size_in_points() / font.units_per_EM
    return (
        table["sTypoAscender"] * scale,
        -table["sTypoDescender"] * scale,
        table["sTypoLineGap"] * scale,
    )


TEXTS = _Texts()


class _Canvas(FigureCanvasBase):
    """Where the layout of a figure finds the renderer that measures its texts."""

    def __init__(self, fig: Figure, renderer: RendererBase) -> None:
        super().__init__(fig)
        self._drawing = renderer

    def get_renderer(self) -> RendererBase:
        return self._drawing


class _Both(RendererBase):
    """Draws an SVG and an image of a figure; all it is given is in points."""

    def __init__(self, fig: Figure, svg: StringIO) -> None:
        super().__init__()
        width, height = fig.get_size_inches()
        self._size = width * POINTS, height * POINTS
        self._larger = Affine2D().scale(DPI / POINTS)
        self.svg = RendererSVG(*self._size, svg, image_dpi=DPI, metadata={"Date": None})
        self.svg._text2path = TEXTS
        self.png = RendererAgg(int(width * DPI), int(height * DPI), DPI)

    def draw_path(
        self, gc: GraphicsContextBase, path: Path, transform: Transform, rgbFace: Any = None
    ) -> None:
        for renderer, context, size in self._each(gc):
            renderer.draw_path(context, path, transform + size, rgbFace)

    def draw_markers(
        self,
        gc: GraphicsContextBase,
        marker_path: Path,
        marker_trans: Transform,
        path: Path,
        trans: Transform,
        rgbFace: Any = None,
    ) -> None:
        for renderer, context, size in self._each(gc):
            at = path, trans + size
            renderer.draw_markers(context, marker_path, marker_trans + size, *at, rgbFace)

    def draw_path_collection(
        self,
        gc: GraphicsContextBase,
        master_transform: Any,
        paths: Any,
        all_transforms: Any,
        offsets: Any,
        offset_trans: Any,
        *looks: Any,
        **named: Any,
    ) -> None:
        shapes = paths, all_transforms, offsets
        for renderer, context, size in self._each(gc):
            moved = (master_transform + size).frozen(), *shapes, offset_trans + size
            renderer.draw_path_collection(context, *moved, *looks, **named)

    def draw_quad_mesh(
        self,
        gc: GraphicsContextBase,
        master_transform: Any,
        meshWidth: int,
        meshHeight: int,
        coordinates: Any,
        offsets: Any,
        offsetTrans: Any,
        *looks: Any,
        **named: Any,
    ) -> None:
        mesh = meshWidth, meshHeight, coordinates, offsets
        for renderer, context, size in self._each(gc):
            moved = (master_transform + size).frozen(), *mesh, offsetTrans + size
            renderer.draw_quad_mesh(context, *moved, *looks, **named)

    def draw_image(
        self, gc: GraphicsContextBase, x: float, y: float, im: Any, transform: Any = None
    ) -> None:
        scale = self.get_image_magnification()
        self.svg.draw_image(gc, x, y, im, transform)
        self.png.draw_image(self._enlarged(gc), round(x * scale), round(y * scale), im)

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: Any = False,
        mtext: Any = None,
    ) -> None:
        self.svg.draw_text(gc, x, y, s, prop, angle, ismath, mtext)
        size, (_, height) = prop.get_size_in_points() / TEXTS.FONT_SCALE, self._size
        at = Affine2D().scale(size).rotate_deg(angle).translate(x, height - y)
        context = self._enlarged(gc)
        context.set_linewidth(0)
        outline = _outline(s, prop.copy(), ismath)
        self.png.draw_path(context, outline, at + self._larger, gc.get_rgb())

    def open_group(self, s: str, gid: str | None = None) -> None:
        self.svg.open_group(s, gid)

    def close_group(self, s: str) -> None:
        self.svg.close_group(s)

    def flipy(self) -> bool:
        return True

    def get_canvas_width_height(self) -> tuple[float, float]:
        return self._size

    def get_image_magnification(self) -> float:
        return DPI / POINTS

    def option_image_nocomposite(self) -> bool:
        return True

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: Any
    ) -> tuple[float, float, float]:
        return self.svg.get_text_width_height_descent(s, prop, ismath)

    def _get_font_height_metrics(self, prop: FontProperties) -> tuple[float, float, float]:
        """Return a font's ascent, descent and line gap, which each text would look up anew."""
        return _line(prop.copy())

    def _each(
        self, gc: GraphicsContextBase
    ) -> tuple[tuple[RendererBase, GraphicsContextBase, Transform], ...]:
        return (self.svg, gc, IdentityTransform()), (self.png, self._enlarged(gc), self._larger)

    def _enlarged(self, gc: GraphicsContextBase) -> GraphicsContextBase:
        """Return the image's clipping; lines, dashes and hatches it enlarges by itself."""
        larger = self.png.new_gc()
        larger.copy_properties(gc)
        if (box := gc.get_clip_rectangle()) is not None:
            larger.set_clip_rectangle(Bbox(self._larger.transform(box)))
        path, transform = gc.get_clip_path()
        if path is not None:
            shape: Any = path, transform
            larger.set_clip_path(TransformedPath(shape[0], shape[1] + self._larger))
        return larger
