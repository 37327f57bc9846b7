# SPDX-License-Identifier: BSD-3-Clause
"""A headless Chromium that looks at the dashboard, from inside the namespace of the daemon: there is
nothing else that it could reach."""
import json
import shutil
import tempfile

CHROMIUM, DRIVER = "chromium", "chromedriver"
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--disable-background-networking", "--disable-component-update", "--no-first-run",
         "--enable-precise-memory-info", "--force-color-profile=srgb")


def missing():
    """What is not installed, or nothing."""
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "python3-selenium is not installed"
    absent = [name for name in (CHROMIUM, DRIVER) if not shutil.which(name)]
    return f"{', '.join(absent)}: not installed" if absent else None


class Browser:
    def __init__(self, url, width=1600, height=900):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
        self.url = url
        self.profile = tempfile.mkdtemp(prefix="sluice-browser-")
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which(CHROMIUM)
        for flag in (*FLAGS, f"--user-data-dir={self.profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service(shutil.which(DRIVER)), options=options)
        self.size(width, height)

    def close(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    def open(self, path="/"):
        self.driver.get(self.url + path)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def size(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def prefer(self, theme):
        """What the system would say: "dark" or "light"."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": theme}]})

    def press(self, *keys):
        from selenium.webdriver.common.action_chains import ActionChains
        ActionChains(self.driver).send_keys(*keys).perform()

    def wait(self, script, *arguments, timeout=10.0):
        """Until the script gives something true; returns that."""
        from selenium.webdriver.support.ui import WebDriverWait
        return WebDriverWait(self.driver, timeout, poll_frequency=0.02).until(
            lambda driver: driver.execute_script(script, *arguments),
            f"{script} {arguments}\n{self.text()[:2000]}")

    def text(self):
        return self.run("return document.body.innerText")

    def complaints(self):
        """What the console has to say since the last look, but for the browser's own pages."""
        messages = [row["message"] for row in self.driver.get_log("browser")]
        return [message for message in messages if not message.startswith("chrome:")]

    def requested(self):
        """Every address that was asked for over a network since the last look."""
        urls = []
        for row in self.driver.get_log("performance"):
            message = json.loads(row["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                urls.append(message["params"]["request"]["url"])
        return [url for url in urls if not url.startswith(("chrome:", "data:", "about:"))]
