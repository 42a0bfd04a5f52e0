"""``assb serve``: what it answers and refuses, and its page in a real browser."""

import base64
import csv
import io
import json
import re
import struct
import subprocess
import sys
import threading
import zlib
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
import yaml
from click.testing import CliRunner
from PIL import Image
from selenium.webdriver.support.ui import WebDriverWait

from assb import server
from assb.cli import main
from assb.comparison import check_settings, compare, settings
from assb.picture import read_picture
from assb.rendering import render
from cnn.image import predict, shipped_bundle

CHOSEN = {"width_um": "50.5", "uncovered_fraction": "0.63", "am_diameter_um": "9", "packing": "1"}


@pytest.fixture(scope="module")
def client(paper_config):
    return server.create_app(shipped_bundle(), paper_config).test_client()


@pytest.fixture(scope="module")
def electrode(root):
    """The example, without its pixel size."""
    written = io.BytesIO()
    Image.open(root / "docs/images/electrode.png").save(written, "PNG", dpi=(0, 0))
    return written.getvalue()


def example_area(root):
    """What is read off the example, in the words of the page."""
    picture = read_picture(root / "docs/images/electrode.png")
    return render(predict(*picture, gray=True, heat=False)).rows[-1].texts


def send(client, content, name="electrode.png", **fields):
    return client.post("/predict", data={"image": (io.BytesIO(content), name), **fields})


def files(html):
    """What can be downloaded, by name."""
    links = re.findall(r'<a download="([^"]+)" href="data:[^;]+;base64,([^"]+)"', html)
    return {name: base64.b64decode(content) for name, content in links}


def table(content):
    (row,) = csv.DictReader(io.StringIO(content.decode()))
    return row


def test_an_image_gives_what_the_command_gives(client, electrode, root, tmp_path):
    answer = send(client, electrode, "C:/mine/<b>.png", um_per_pixel="0.1")
    assert answer.status_code == 200
    given = files(answer.text)
    endings = "_segmented.png", "_particles.png", "_prediction.png", ".csv", "_particles.csv"
    assert list(given) == [f"&lt;b&gt;{ending}" for ending in endings]
    path = str(root / "docs/images/electrode.png")
    run = CliRunner().invoke(main, ["predict", path, "--no-figures", "-o", str(tmp_path / "table.csv")])
    assert run.exit_code == 0, run.output
    mine, theirs = table(given["&lt;b&gt;.csv"]), table((tmp_path / "table.csv").read_bytes())
    assert mine.pop("image") == "<b>.png" and theirs.pop("image") == path
    assert mine == theirs
    assert given["&lt;b&gt;_segmented.png"] == (tmp_path / "electrode_segmented.png").read_bytes()
    assert "Like the training images." in answer.text
    assert f"{float(mine['am_stress_mean_MPa']):.3g}" in answer.text
    particles = list(csv.DictReader(io.StringIO(given["&lt;b&gt;_particles.csv"].decode())))
    circles = re.findall(r'<circle cx="([\d.]+)".*?<title>(\S+) ', answer.text)
    assert [float(x) for x, _ in circles] == pytest.approx(
        [10 * float(p["x_um"]) for p in particles], abs=0.06
    )
    shown, kept = [float(stress) for _, stress in circles], [float(p["stress_MPa"]) for p in particles]
    assert shown == pytest.approx(kept, rel=0.01, abs=0.6)


def test_numbers_that_are_withheld_are_shown_when_the_box_is_ticked(client, root):
    with xr.open_dataset(root / "models/paper/samples.nc") as samples:
        image = np.array([0, 128, 255], np.uint8)[samples["image"].values[3]]
    content = io.BytesIO()
    Image.fromarray(image).save(content, "PNG")
    withheld, given = (
        send(client, content.getvalue(), um_per_pixel="0.1", **box).text for box in ({}, {"anyway": "1"})
    )
    assert "numbers are withheld" in withheld and "<table>" not in withheld and "[MPa]" not in withheld
    assert "unlike the training images" in given.lower() and "<table>" in given and "[MPa]" in given
    assert 'name="anyway"' in client.get("/").text


def test_order_of_phases_and_thresholds_reach_the_segmentation(client, electrode):
    fields = {"um_per_pixel": "0.1", "brightness": "void,SE,AM", "low": "60", "high": "200"}
    answer = send(client, electrode, **fields)
    assert answer.status_code == 200
    gray = np.asarray(Image.open(io.BytesIO(electrode)))
    am, void = np.mean(gray > 200), np.mean(gray < 60)
    shares = f"AM {am:.0%}, SE {1 - am - void:.0%}, void {void:.0%}".replace("%", " %")
    assert shares in answer.text and "Unlike the training images." in answer.text
    assert 'class="verdict doubtful"' in answer.text


def picture(gray):
    written = io.BytesIO()
    Image.fromarray(np.asarray(gray, np.uint8)).save(written, "PNG")
    return written.getvalue()


def bomb():
    """A PNG of a few bytes that says that it is 50,000 pixels wide and high."""
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    chunks = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize(
    "content, fields, message",
    [
        (b"no image", {}, "It is no PNG, TIFF or JPEG image."),
        (b"", {}, "It is no PNG, TIFF or JPEG image."),
        (picture(np.full((400, 400), 7)), {}, "It shows a single gray level; AM, SE and void make three."),
        (picture(np.eye(100)), {}, "Its field of view is 10 x 10 um, at least 36 x 36 um are needed."),
        (bomb(), {}, "It is too large: "),
        (None, {"um_per_pixel": ""}, "It does not state its pixel size: give it in um per pixel."),
        (None, {"um_per_pixel": "wide"}, "Um_per_pixel must be a number, got wide."),
        (None, {"um_per_pixel": "nan"}, "Um_per_pixel must be in [0.001, 0.5] um"),
        (None, {"um_per_pixel": "9"}, "Um_per_pixel must be in [0.001, 0.5] um"),
        (None, {"page": "1.5"}, "Page must be a whole number >= 1, got 1.5."),
        (None, {"page": "0"}, "Page must be a whole number >= 1, got 0."),
        (None, {"page": "2"}, "Page must be in [1, 1], the pictures that it holds, got 2."),
        (None, {"low": "4"}, "Thresholds must be two or none, got one."),
        (None, {"low": "9", "high": "4"}, "Thresholds must be two that ascend, got 9, 4."),
        (None, {"brightness": "AM,SE"}, "Brightness must name void, SE, AM from dark to bright, got AM, SE."),
    ],
)
def test_bad_images_and_fields_are_refused_with_a_sentence(client, electrode, content, fields, message):
    answer = send(client, electrode if content is None else content, **{"um_per_pixel": "0.1", **fields})
    assert answer.status_code == 400 and answer.json["error"].startswith(message), answer.text


def test_a_page_is_chosen_by_the_field_that_a_refusal_names(client, electrode):
    with Image.open(io.BytesIO(electrode)) as image:
        other, stack = Image.new("L", image.size), io.BytesIO()
        other.save(stack, "TIFF", save_all=True, append_images=[image.convert("L")])
    refused = send(client, stack.getvalue(), um_per_pixel="0.1")
    assert refused.status_code == 400
    told = "It holds 2 pictures, one per file is read: choose its page (the field Page)."
    assert refused.json["error"] == told
    assert re.search(r'Page\s*<input type="number" name="page"', client.get("/").text)
    answer = send(client, stack.getvalue(), um_per_pixel="0.1", page="2")
    assert answer.status_code == 200 and "Like the training images." in answer.text


def test_no_image_and_too_large_ones_are_refused(client, monkeypatch):
    answer = client.post("/predict", data={"um_per_pixel": "0.1"})
    assert answer.status_code == 400
    assert answer.json["error"] == "No image was sent: choose a PNG, TIFF or JPEG file."
    monkeypatch.setitem(client.application.config, "MAX_CONTENT_LENGTH", 1000)
    answer = send(client, bytes(1001))
    assert answer.status_code == 413 and answer.json["error"] == "The file has more than 73 MB."


@pytest.mark.parametrize(
    "field, value, message",
    [
        ("width_um", "99", "Width_um must be in [46, 55] um, got 99 um."),
        ("width_um", "nan", "Width_um must be in [46, 55] um, got nan um."),
        ("uncovered_fraction", "0", "Uncovered_fraction must be in [0.53, 0.73], got 0."),
        ("am_diameter_um", "", "Am_diameter_um must be in [6, 12] um, got an empty text."),
        ("packing", "1.5", "Packing must be a whole number, got 1.5."),
        ("packing", "1e9", "Packing must be in [1, 1000], got 1e+09."),
    ],
)
def test_bounds_of_the_sliders_hold_on_the_server(client, field, value, message):
    answer = client.post("/simulate", data={**CHOSEN, field: value})
    assert answer.status_code == 400 and answer.json["error"] == message
    answer = client.post("/simulate", data={name: value for name, value in CHOSEN.items() if name != field})
    assert answer.status_code == 400 and answer.json["error"].startswith(message[:10])


def test_settings_start_in_the_middle_of_the_study(paper_config):
    for setting in settings(paper_config).values():
        assert setting.low <= setting.start <= setting.high


def test_packings_are_none_that_the_ensemble_learnt(paper_config, monkeypatch):
    asked = []

    def simulated(config, width_um, uncovered_fraction, replicate, *others):
        asked.append((config["structure"]["am_mean_diameter_um"], replicate))
        raise RuntimeError("enough")

    monkeypatch.setattr("assb.comparison.simulate_electrode", simulated)
    with pytest.raises(RuntimeError, match="enough"):
        compare(paper_config, check_settings(settings(paper_config), CHOSEN), shipped_bundle())
    assert asked == [([9, 9], paper_config["grid"]["replicates"])], "those of the study end before"


def test_a_simulation_tells_its_frames_then_truth_and_prediction(client):
    events = [json.loads(line) for line in client.post("/simulate", data=CHOSEN).text.splitlines()]
    assert [event["frame"] for event in events[:-1]] == list(range(1, 12))
    assert events[0]["wall_um"] == pytest.approx(50.5) and events[-2]["wall_um"] == pytest.approx(40)
    (result,) = events[-1].values()
    given = files(result)
    assert list(given) == ["electrode_simulated.png", "electrode.csv"]
    row = table(given["electrode.csv"])
    assert float(row["width_um"]) == 50.5 and row["verdict"] == "like the training images"
    # The network has learnt: on a packing it never saw it is near the DEM.
    for column in ("se_stress_mean{}_MPa", "reaction_area{}_um2"):
        truth, prediction = (float(row[column.format(end)]) for end in ("_dem", ""))
        assert prediction == pytest.approx(truth, rel=0.3)
        assert f"{truth:.3g}" in result and f"{prediction:.3g}" in result
    assert Image.open(io.BytesIO(given["electrode_simulated.png"])).width == 2200
    assert re.search(
        r"<li>SE (does not percolate: ionic conductivity 0|percolates: ionic conductivity .* mS/cm)", result
    )
    assert re.search(r"<li>Of the AM volume ions reach \d+ %, electrons \d+ %, both \d+ %", result)


def test_errors_of_a_simulation_are_told_and_the_turn_is_given_back(client, monkeypatch):
    failures = [RuntimeError("it does not rest"), KeyError("a slip of ours"), ValueError("it is none")]
    monkeypatch.setattr(server, "compare", lambda *others: (_ for _ in ()).throw(failures.pop()))
    for message in ("It is none.", "The simulation failed; ", "It does not rest."):
        (event,) = map(json.loads, client.post("/simulate", data=CHOSEN).text.splitlines())
        assert event["error"].startswith(message)


def test_a_slip_of_ours_is_told_without_its_reasons(client, electrode, monkeypatch):
    def fail(*others):
        raise RuntimeError("secret")

    monkeypatch.setattr(server, "predict_file", fail)
    for _ in range(2):
        answer = send(client, electrode)
        assert answer.status_code == 500 and "error" in answer.json and "secret" not in answer.text


def test_one_at_a_time(client, monkeypatch):
    started, finish = threading.Event(), threading.Event()

    def slow(config, chosen, model, done):
        done(SimpleNamespace(wall_position=[0.0, 1e-6]))
        started.set()
        assert finish.wait(60)
        raise RuntimeError("through")

    monkeypatch.setattr(server, "compare", slow)
    monkeypatch.setattr(server, "PATIENCE", 0.01)
    # The answer is not even read: the reader may have gone.
    first = client.post("/simulate", data=CHOSEN)
    assert started.wait(60)
    busy = client.post("/simulate", data=CHOSEN)
    assert busy.status_code == 503 and busy.json["error"].startswith("Another electrode is being worked on")
    finish.set()
    assert "Through." in first.text
    assert client.post("/simulate", data=CHOSEN).status_code == 200


@pytest.mark.parametrize(
    "headers, status",
    [
        ({}, 400),
        ({"Origin": "http://localhost"}, 400),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://localhost"}, 403),
        ({"Host": "evil.example"}, 400),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 400),
    ],
)
def test_other_pages_are_kept_out(client, headers, status):
    answer = client.post("/simulate", data={}, headers=headers)
    assert answer.status_code == status
    refused = "is not trusted" in answer.text or "from other pages" in answer.text
    assert refused == (headers not in ({}, {"Origin": "http://localhost"}))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "::1", ""])
def test_wildcards_are_no_host(paper_config, host):
    with pytest.raises(ValueError, match="host must be the name or IPv4 address that the page is reached by"):
        server.create_app(shipped_bundle(), paper_config, host)


@pytest.mark.parametrize(
    ("host", "named"), [("192.0.2.7", "192.0.2.7:8000"), ("mybox.example", "mybox.example:8000")]
)
def test_the_host_given_is_answered(paper_config, host, named):
    client = server.create_app(shipped_bundle(), paper_config, host).test_client()
    assert client.get("/", headers={"Host": named}).status_code == 200
    assert client.get("/", headers={"Host": "other.example"}).status_code == 400


def test_answers_forbid_what_comes_from_elsewhere(client):
    text = ""
    for path in ("/", "/static/page.js", "/static/page.css", "/nothing"):
        with client.get(path) as answer:
            text += answer.text
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"https?://|//cdn|@import", text), "the page needs no internet"


def test_serve_refuses_a_port_that_is_taken_and_bad_configurations(tmp_path, monkeypatch, paper_config):
    def taken(app, **others):
        raise OSError("the port is taken")

    monkeypatch.setattr(server, "create_server", taken)
    done = CliRunner().invoke(main, ["serve"])
    assert done.exit_code == 2 and "error: the port is taken" in done.stderr
    without_grid = {name: section for name, section in paper_config.items() if name != "grid"}
    for config, message in (
        ({"study": "x"}, "configuration lacks the sections seed, structure"),
        (without_grid, "bad.yaml: grid is missing"),
        (None, "configuration lacks the sections seed, structure"),
    ):
        (tmp_path / "bad.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        done = CliRunner().invoke(main, ["serve", "--config", str(tmp_path / "bad.yaml")])
        assert done.exit_code == 2 and message in done.stderr
    monkeypatch.setitem(sys.modules, "flask", None)
    monkeypatch.delitem(sys.modules, "assb.server")
    monkeypatch.delattr("assb.server")
    done = CliRunner().invoke(main, ["serve"])
    assert done.exit_code == 2 and "flask is missing: pip install" in done.stderr


@pytest.fixture(scope="module")
def address():
    """The real command, on a free port."""
    command = [sys.executable, "-m", "assb", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        yield process.stdout.readline().split()[0]
        process.terminate()


@pytest.fixture(params=[1280, 390])
def page(request, open_page, address):
    return open_page(address, request.param)


def wait_for(page, selector):
    """Text of an element as soon as it shows."""
    shown = "const e = document.querySelector(arguments[0]); return e && e.offsetParent && e.innerText"
    return WebDriverWait(page, 180, 0.02).until(lambda page: page.execute_script(shown, selector))


def press(page, selector):
    page.execute_script("document.querySelector(arguments[0]).click()", selector)


def check(page):
    """Nothing is broken, cut off, too small, or from elsewhere."""
    assert page.get_log("browser") == []
    sideways = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.execute_script(sideways) <= 0
    cut = (
        "return [...document.querySelectorAll('table')].map(t => t.offsetWidth - t.parentElement.clientWidth)"
    )
    assert all(width <= 0 for width in page.execute_script(cut)), "tables show whole"
    sizes = page.execute_script(
        "return [...document.querySelectorAll('p, small, label, button, td, th, a, figcaption')]"
        ".map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 11.5
    broken = "return [...document.images].filter(i => !i.complete || i.naturalWidth < 300).length"
    assert page.execute_script(broken) == 0
    outside = "return performance.getEntriesByType('resource').map(r => r.name)"
    here = page.execute_script("return location.origin")
    assert all(name.startswith((here, "data:", "blob:")) for name in page.execute_script(outside))


def test_page_predicts_an_image(page, tmp_path, electrode, root):
    assert "Choose an image first." in press_and_read(page, "#image [type=submit]", "#image .error")
    bad = tmp_path / "notes.png"
    bad.write_text("no image", encoding="utf-8")
    page.execute_script("document.querySelector('#image [type=file]').removeAttribute('accept')")
    chooser = page.find_element("css selector", "#image [type=file]")
    chooser.send_keys(str(bad))
    assert wait_for(page, ".chosen") == "notes.png"
    page.execute_script("document.querySelector('#image .error').hidden = true")
    error = press_and_read(page, "#image [type=submit]", "#image .error")
    assert error == "It is no PNG, TIFF or JPEG image."
    # The browser itself notes the refused request.
    assert all("400" in entry["message"] for entry in page.get_log("browser"))
    (tmp_path / "mine.png").write_bytes(electrode)
    chooser.send_keys(str(tmp_path / "mine.png"))
    page.execute_script("document.querySelector('[name=um_per_pixel]').value = '0.1'")
    text = press_and_read(page, "#image [type=submit]", "#image table")
    area = example_area(root)
    assert area["prediction"] in text and f"{area['low']} to {area['high']}" in text
    assert wait_for(page, "#image .verdict").startswith("Like the training images.")
    assert wait_for(page, "#image .downloads").split() == [
        "Download:",
        "mine_segmented.png",
        "mine_particles.png",
        "mine_prediction.png",
        "mine.csv",
        "mine_particles.csv",
    ]
    titles = "return [...document.querySelectorAll('#image svg circle title')].map(one => one.textContent)"
    assert all(" MPa (" in text for text in page.execute_script(titles)) and page.execute_script(titles)
    assert page.execute_script("return document.querySelectorAll('#image img').length") == 2
    check(page)


def press_and_read(page, button, selector):
    press(page, button)
    return wait_for(page, selector)


def test_page_compresses_an_electrode(page):
    press(page, "#tab-simulate")
    wait_for(page, "#simulate form")
    slide = "const s = document.querySelector('[name=width_um]'); s.value = 52;"
    page.execute_script(f"{slide} s.dispatchEvent(new Event('input'))")
    assert wait_for(page, "#simulate output") == "52"
    press(page, "#simulate [type=submit]")
    seen = wait_for(page, "#simulate .status")
    assert re.search("Filling|Compressing|At rest", seen)
    text = wait_for(page, "#simulate table")
    assert "DEM" in text and "Reaction area" in text and len(text.splitlines()) >= 6
    check(page)


def test_page_takes_the_example(page, root):
    press(page, "#example")
    WebDriverWait(page, 60).until(lambda page: wait_for(page, ".chosen") == "electrode.png")
    assert example_area(root)["prediction"] in press_and_read(page, "#image [type=submit]", "#image table")
    check(page)


def test_files_can_be_dropped_and_answers_downloaded(page, tmp_path, electrode):
    page.execute_script(
        "const bytes = Uint8Array.from(atob(arguments[0]), c => c.charCodeAt(0)), taken = new DataTransfer();"
        "taken.items.add(new File([bytes], 'dropped.png', {type: 'image/png'}));"
        "const drop = new DragEvent('drop', {dataTransfer: taken, bubbles: true, cancelable: true});"
        "document.querySelector('.drop').dispatchEvent(drop);"
        "document.querySelector('[name=um_per_pixel]').value = 0.1",
        base64.b64encode(electrode).decode(),
    )
    assert wait_for(page, ".chosen") == "dropped.png"
    press_and_read(page, "#image [type=submit]", "#image table")
    page.execute_cdp_cmd("Page.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    press(page, "#image .downloads a[download$=csv]")
    WebDriverWait(page, 60).until(lambda page: (tmp_path / "dropped.csv").exists())
    assert table((tmp_path / "dropped.csv").read_bytes())["image"] == "dropped.png"


def test_example_is_no_training_image(root):
    """What the page and the documents show is a structure that the network never saw."""
    with xr.open_dataset(root / "models/paper/samples.nc") as samples:
        shown = np.asarray(Image.open(root / "docs/images/electrode.png"))
        known = np.array([0, 255, 128], np.uint8)[samples["image"].values[:, ::-1]]
        assert any((image == shown).all() for image in known), "of the test part"
