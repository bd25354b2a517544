"""The HTTP side: an ASGI application that hears requests and gives answers with the documented headers."""

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

from harness.contract import load_contract
from harness.emulator.address import BASE_PATH
from harness.emulator.administration import administer
from harness.emulator.answering import Api
from harness.emulator.arrivals import Arrivals
from harness.emulator.asgi import hear, say
from harness.emulator.defects import Defect, chosen
from harness.emulator.errors import ApiError, internal_error, unknown_path
from harness.emulator.faults import Faults, Plan
from harness.emulator.faults.plan import skewed
from harness.emulator.faults.sending import send_cut, send_nothing
from harness.emulator.jsontext import dense
from harness.emulator.link.popup import is_link
from harness.emulator.meeting import Meetings
from harness.emulator.messages import Answer, Incoming, Json
from harness.emulator.seeding import Progress, grow, unseen
from harness.emulator.settings import EmulatorSettings

ADMIN_PATH = "/_emulator"


class Emulator:
    """One emulator as an ASGI application. `defects` are switched on by settings or while it runs."""

    def __init__(self, settings: EmulatorSettings, base_url: str) -> None:
        self.api = Api(load_contract(), settings, base_url)
        self.defects: tuple[Defect, ...] = chosen(settings.defects)
        self.meetings = Meetings()
        self.faults = Faults(settings, self.api.clock.monotonic)
        self.faults.switch(settings.faults)
        self.arrivals = Arrivals(self.api.clock.monotonic)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI. Each request is handled in one turn of the loop; its answer leaves once what it tells is committed."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            return
        incoming = await hear(scope, receive)
        if incoming.path.startswith(ADMIN_PATH):
            answer = await self._administer(incoming)
        elif is_link(incoming.path):
            answer = await self._link(incoming)
        elif self.faults.on:
            self.arrivals.note()
            await self._through_faults(incoming, scope, send)
            return
        else:
            self.arrivals.note()
            answer = await self.handle(incoming)
        await self.api.store.answered()
        await say(send, answer)

    async def _through_faults(self, incoming: Incoming, scope: Scope, send: Send) -> None:
        """An API request, and what the faults that are on do to it."""
        plan = self.faults.plan(lambda: self._seen(incoming)) or Plan()
        incoming.slow = plan.slow
        await asyncio.sleep(plan.delay)
        answer = plan.early or (await self.handle(incoming) if plan.done else Answer(200, b""))
        await self.api.store.answered()
        answer = self._finish(plan.late or answer)
        if plan.skew:
            skewed(answer, plan.skew, self.api.clock.now())
        if plan.dropped:
            await send_nothing(scope, send)
        elif plan.cut is not None:
            await send_cut(answer, plan.cut, answer.headers, send)
        else:
            await say(send, answer)

    def _seen(self, request: Incoming) -> dict[str, str]:
        """What a fault may ask of a request."""
        path = request.path.removeprefix(BASE_PATH)
        match, token = self.api.match(request.method, path), request.param("access_token")
        try:
            connection = self.api.organisation.by_token(token) if token else {}
        except ApiError:
            connection = {}
        return {
            "route": path,
            "method": request.method,
            "operation": match.operation.operation_id if match and match.operation else "",
            "platform": str(connection.get("platform", "")),
            "connection": str(connection.get("id", "")),
        }

    async def handle(self, request: Incoming) -> Answer:
        """The answer, after the defects that are on had their way with request and answer."""
        if not request.path.startswith(BASE_PATH + "/"):
            return self._finish(self._error(unknown_path()))
        request.path = request.path.removeprefix(BASE_PATH)
        if not self.defects:
            return self._finish(await self._answer(request))
        original = Incoming(request.method, request.path, list(request.query), dict(request.headers), request.body,
                            request.url)  # fmt: skip
        for defect in self.defects:
            early = defect.hear(self.api, request)
            if early is not None:
                self.meetings.note(self.api, original, request, None, early)
                return self._finish(early)
        answer = self._finish(await self._answer(request))
        before = answer.status, answer.content, dict(answer.headers)
        for defect in self.defects:
            defect.spoil(self.api, original, answer)
        self.meetings.note(self.api, original, request, before, answer)
        return answer

    async def _answer(self, request: Incoming) -> Answer:
        try:
            found = self.api.answer(request)
        except ApiError as error:
            return self._error(error)
        if isinstance(found, Answer):
            return found
        if isinstance(found, bytes):
            return Answer(200, found)
        return _from_json(await self.api.waited(found))

    def _error(self, error: ApiError) -> Answer:
        return Answer(error.status, dense(error.body()), dict(error.headers))

    def _finish(self, answer: Answer) -> Answer:
        """Every response carries its own request id. Source: [D:troubleshooting]."""
        answer.headers.setdefault("x-rutter-request-id", self.api.ids())
        return answer

    async def _link(self, request: Incoming) -> Answer:
        try:
            reply = self.api.world.popup.reply(request.method, request.path, dict(request.query), request.body)
            return self._finish(Answer(*await reply))
        except ApiError as error:
            return self._finish(self._error(error))

    async def _administer(self, request: Incoming) -> Answer:
        def switch(names: list[str]) -> None:
            self.defects = chosen(tuple(names))
            self.meetings.forget()

        if (request.method, request.path) == ("GET", f"{ADMIN_PATH}/arrivals"):
            return _from_json(Json(self.arrivals.told()))
        try:
            return _from_json(Json(await administer(self.api, request, switch, self.meetings.told, self.faults)))
        except ApiError as error:
            return self._error(error)

    async def _live(self, receive: Receive, send: Send) -> None:
        """The lifespan: while it lasts, what becomes due is done."""
        await receive()
        running = {asyncio.create_task(job()) for job in (self.api.world.timekeeper.run, self.api.world.outbox.run)}
        for task in running:
            task.add_done_callback(_told)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in running:
            task.cancel()
        await asyncio.wait(running)
        self.api.store.close()
        await send({"type": "lifespan.shutdown.complete"})


def _told(task: "asyncio.Task[None]") -> None:
    """Tell the loop's exception handler when a task ends by an error: nobody awaits it."""
    if not task.cancelled() and task.exception() is not None:
        task.get_loop().call_exception_handler(
            {"message": "what runs beside the requests has ended", "exception": task.exception()}
        )


def _from_json(found: Json) -> Answer:
    headers = {"x-rutter-job-id": found.job} if found.job else {}
    return Answer(found.status, dense(found.body), headers)


def application(settings: EmulatorSettings, base_url: str, progress: Progress = unseen) -> ASGIApp:
    """The ASGI application of an emulator, its lists as long as the settings say; an unexpected error of its own is a
    flat 500."""
    emulator = Emulator(settings, base_url)
    try:
        grow(emulator.api.store, emulator.api.contract, settings, emulator.api.organisation, progress)
    except BaseException:
        emulator.api.store.close()
        raise

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await emulator(scope, receive, send)
        except Exception:
            if scope["type"] == "http":
                await say(send, Answer(500, dense(internal_error().body())))
            raise

    return guarded
