"""``assb serve``: a page that reads images and compresses electrodes, for one user on this machine.

Nothing is kept: an answer carries its pictures and its table, and files live in a temporary folder meanwhile.
"""

from __future__ import annotations

import base64
import json
import logging
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count, permutations
from pathlib import Path, PureWindowsPath
from queue import SimpleQueue
from typing import Any, NamedTuple

from flask import Flask, Response, abort, render_template, request, send_file
from PIL import Image
from waitress import create_server
from werkzeug.exceptions import HTTPException

from assb.coloured import Marked, mark
from assb.comparison import check_settings, compare, save_comparison, settings
from assb.names import sentence
from assb.picture import Acquisition
from assb.prediction import predict_file, write_table
from assb.pressed import press_and_cut, save_pressed
from assb.pressed import settings as settings_in_space
from assb.rendering import Rendering, render, table_row, worth
from cnn.bundle import Bundle
from cnn.scale import MOST_PIXELS
from cnn.segmentation import check_brightness
from dem.parameters import read_parameters
from dem.state import Frame
from electrode.phases import DARK_TO_BRIGHT, PHASES
from electrode.trajectory import MOVING
from provenance.repository import REPOSITORY

log = logging.getLogger(__name__)

EXAMPLE = REPOSITORY / "docs/images/electrode.png"
# The largest image that is read, of 16 bit and not compressed, and some room.
MOST_BYTES = 2 * MOST_PIXELS + 1_000_000
# Threads that wait for requests, and how long one waits for its turn [s].
THREADS, PATIENCE = 8, 20
LOOPBACK = ("127.0.0.1", "localhost")
WILDCARDS = ("", "*", "0.0.0.0")
EVENTS = "application/x-ndjson"
MEDIA_TYPES = {".png": "image/png", ".csv": "text/csv"}
# Files of an answer, as they are shown.
STEM = "electrode"
FILES = {
    f"{STEM}_segmented.png": "Phases as parted: SE white, AM gray, void black",
    f"{STEM}_particles.png": "AM particles, coloured by the stress on them",
    f"{STEM}_prediction.png": "Input, phases, where the ensemble looks, and the stress it reads off",
    f"{STEM}_simulated.png": "Structure, stress, and what the network sees",
    f"{STEM}_pressed.png": "Packing, force chains, and the section that the network reads",
    f"{STEM}.csv": "All numbers",
    f"{STEM}_particles.csv": "Stress on every AM particle",
}
# Between what the current of a structure in the plane runs.
PLANAR_CURRENT = (
    "from the left to the moving wall (discs one SE diameter thick: to compare among themselves only)"
)
Tell = Callable[[dict[str, Any]], object]
HEADERS = {
    # Only what this server sends is loaded or run, and nobody may frame it.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Space(NamedTuple):
    """What presses packings in space and reads sections of them."""

    model: Bundle  # an ensemble for packings
    config: Mapping[str, Any]  # such as ``config/spatial.yaml``


def create_app(
    model: Bundle, config: Mapping[str, Any], host: str = LOOPBACK[0], space: Space | None = None
) -> Flask:
    """The page as a WSGI application.

    Parameters
    ----------
    model
        From `cnn.bundle.read_bundle`.
    config
        Configuration whose electrodes are compressed, such as ``config/config.yaml``.
    host
        Name or address that it is reached by; requests that name another are refused, but for the loopback.
    space
        What presses packings; None: the page has no such part.

    Raises
    ------
    ValueError, KeyError
        If the configuration is none, or the host is a wildcard, which requests cannot be told apart by.
    """
    if host in WILDCARDS or ":" in host:
        raise ValueError(f"host must be the name or IPv4 address that the page is reached by, got {host!r}")
    read_parameters(config)  # a bad configuration is refused now, not with the first electrode
    allowed = settings(config)
    in_space = {} if space is None else settings_in_space(space.config)
    app = Flask(__name__)
    app.jinja_env.filters["sentence"] = sentence
    _guard(app, host)
    # One image or compression at a time: each takes all cores, and an image up to a few GB.
    turn = threading.Lock()

    def take_turn() -> None:
        if not turn.acquire(timeout=PATIENCE):
            abort(503, "another electrode is being worked on: try again in a moment")

    @contextmanager
    def waited() -> Iterator[None]:
        take_turn()
        try:
            yield
        finally:
            turn.release()

    @app.get("/")
    def page() -> str:
        return render_template(
            "page.html",
            settings=allowed,
            settings_in_space=in_space,
            space=None if space is None else space.config,
            orders=[DARK_TO_BRIGHT, *(order for order in permutations(PHASES) if order != DARK_TO_BRIGHT)],
            most_bytes=MOST_BYTES,
            config=config,
        )

    @app.get("/example.png")
    def example() -> Response:
        return send_file(EXAMPLE)

    @app.post("/predict")
    def predict() -> str:
        file = request.files.get("image")
        if not file:
            abort(400, "no image was sent: choose a PNG, TIFF or JPEG file")
        name = PureWindowsPath(file.filename or "image").name
        try:
            acquisition = _acquisition()
            with waited(), tempfile.TemporaryDirectory() as folder:
                stem = Path(folder) / STEM
                anyway = "anyway" in request.form
                result = predict_file(file.stream, name, stem, True, model, acquisition, anyway)
                shown = render(result)
                write_table([{"image": name, **table_row(shown)}], stem.with_suffix(".csv"))
                marked = [] if model.of_packings else mark(result)
                return _answer(shown, stem.parent, Path(name).stem, particles=marked)
        except ValueError as error:
            abort(400, str(error))

    @app.post("/simulate")
    def simulate() -> Response:
        try:
            chosen = check_settings(allowed, request.form)
        except ValueError as error:
            abort(400, str(error))
        take_turn()
        return Response(_events(partial(_simulate, app, model, config, chosen), turn), mimetype=EVENTS)

    @app.post("/press")
    def press() -> Response:
        if space is None:
            abort(404, "this page presses no packings")
        try:
            chosen = check_settings(in_space, request.form)
        except ValueError as error:
            abort(400, str(error))
        take_turn()
        return Response(_events(partial(_press, app, space, chosen), turn), mimetype=EVENTS)

    return app


def _guard(app: Flask, host: str) -> None:
    """Bound what is sent, refuse what other pages and hosts ask for, and tell every problem in a sentence."""
    app.config.update(MAX_CONTENT_LENGTH=MOST_BYTES, TRUSTED_HOSTS=[*LOOPBACK, host])

    @app.before_request
    def refuse_other_pages() -> None:
        """Other pages in the same browser can send requests here; a browser names their origin."""
        if request.headers.get("Origin", request.host_url.rstrip("/")) != request.host_url.rstrip("/"):
            abort(403, "requests from other pages are refused")

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    @app.errorhandler(HTTPException)
    def tell_problem(error: HTTPException) -> tuple[dict[str, str], int]:
        text = f"the file has more than {MOST_BYTES // 10**6} MB" if error.code == 413 else error.description
        return {"error": sentence(text or error.name)}, error.code or 500


def _simulate(
    app: Flask, model: Bundle, config: Mapping[str, Any], chosen: Mapping[str, float], tell: Tell
) -> None:
    """Compress an electrode, tell each frame and at last the result."""
    frames, of = count(1), config["compression"]["frames"]

    def done(frame: Frame) -> None:
        tell({"frame": next(frames), "of": of, "wall_um": 1e6 * float(frame.wall_position[MOVING])})

    compared = compare(config, chosen, model, done)
    with tempfile.TemporaryDirectory() as folder:
        save_comparison(compared, Path(folder) / f"{STEM}_simulated.png")
        shown = render(compared.result)
        write_table([{**chosen, **table_row(shown)}], Path(folder) / f"{STEM}.csv")
        with app.app_context():
            tell({"result": _answer(shown, Path(folder), STEM, compared.conduction)})


def _press(app: Flask, space: Space, chosen: Mapping[str, float], tell: Tell) -> None:
    """Press a packing, tell each pressure and at last what a section of it says."""

    def told(stage: int, of: int, text: str) -> None:
        tell({"frame": stage, "of": of, "text": text})

    pressed = press_and_cut(space.config, chosen, space.model, told)
    with tempfile.TemporaryDirectory() as folder:
        save_pressed(pressed, Path(folder) / f"{STEM}_pressed.png")
        shown = render(pressed.result)
        write_table([{**chosen, **table_row(shown)}], Path(folder) / f"{STEM}.csv")
        with app.app_context():
            conduction = "from floor to piston, in the middle of the height"
            tell({"result": _answer(shown, Path(folder), STEM, pressed.conduction, through=conduction)})


def _events(job: Callable[[Tell], None], turn: threading.Lock) -> Iterator[str]:
    """Start a job in a thread, which gives the turn back; what it tells, one JSON per line."""
    told: SimpleQueue[dict[str, Any] | None] = SimpleQueue()

    def run() -> None:
        try:
            job(told.put)
        except (RuntimeError, ValueError) as error:
            told.put({"error": sentence(str(error))})
        except Exception:
            log.exception("a simulation failed")
            told.put({"error": "The simulation failed; the reason is where the server was started."})
        finally:
            turn.release()
            told.put(None)

    # Now, not when the answer is read: a reader that has gone must not keep the turn.
    threading.Thread(target=run, daemon=True).start()
    return (json.dumps(event) + "\n" for event in iter(told.get, None))


def _acquisition() -> Acquisition:
    """What the form says of how the picture was taken.

    Raises
    ------
    ValueError
        If it says what cannot be.
    """
    um_per_pixel, low, high = (_number(key) for key in ("um_per_pixel", "low", "high"))
    if (low is None) != (high is None):
        raise ValueError("thresholds must be two or none, got one")
    brightness = request.form.get("brightness", ",".join(DARK_TO_BRIGHT)).split(",")
    check_brightness(brightness)
    thresholds = None if low is None or high is None else (low, high)
    return Acquisition(um_per_pixel, brightness, thresholds, _page(), "the field Page")


def _page() -> int | None:
    """Number of the picture in its file, None where it is left empty."""
    page = _number("page")
    if page is not None and not (page >= 1 and page.is_integer()):
        raise ValueError(f"page must be a whole number >= 1, got {page:g}")
    return None if page is None else int(page)


def _number(key: str) -> float | None:
    """A number of the form, None where it is left empty."""
    text = request.form.get(key, "").strip()
    try:
        return float(text) if text else None
    except ValueError:
        raise ValueError(f"{key} must be a number, got {text:.40}") from None


def _answer(
    shown: Rendering,
    folder: Path,
    name: str,
    conduction: Sequence[str] = (),
    particles: Sequence[Marked] = (),
    through: str = PLANAR_CURRENT,
) -> str:
    """What the page shows of a prediction, with the files in a folder, to be saved under a name.

    The particles are laid over the picture of the phases. How the electrode conducts is known of what was
    simulated.
    """
    files = [_file(folder / kind, name) for kind in FILES if (folder / kind).exists()]
    phases = folder / f"{STEM}_segmented.png"
    sides = None
    if phases.exists():
        with Image.open(phases) as picture:
            sides = picture.size
    parts = {"files": files, "particles": particles, "sides": sides, "conduction": conduction}
    parts["through"] = through
    return render_template("result.html", shown=shown, worth=worth(shown), **parts)


def _file(path: Path, name: str) -> dict[str, Any]:
    """A file of an answer, whole, with the name it is saved under."""
    content = base64.b64encode(path.read_bytes()).decode()
    return {
        "title": FILES[path.name],
        "name": name + path.name[len(STEM) :],
        "picture": path.suffix == ".png",
        "source": f"data:{MEDIA_TYPES[path.suffix]};base64,{content}",
    }


def serve(
    model: Bundle,
    config: Mapping[str, Any],
    host: str,
    port: int,
    ready: Callable[[str], object],
    space: Space | None = None,
) -> None:
    """Answer requests until interrupted; `ready` is told the address.

    Raises
    ------
    OSError, ValueError
        If the port is taken, or the host is a wildcard, IPv6 or not this machine's.
    """
    app = create_app(model, config, host, space)
    server = create_server(
        app, host=host, port=port, threads=THREADS, max_request_body_size=MOST_BYTES, ident=None
    )
    ready(f"http://{host}:{server.effective_port}")
    server.run()
