/* The page of the tables: a step of the six is said. */
import { byId } from "../dom.js";
import { onSubmit, reload } from "../form.js";
import { send } from "../http.js";

onSubmit(byId("step-form"), async (value) => {
  await send("POST", "/api/work-steps", {
    unit_code: value("unit_code"),
    step: value("step"),
    done_on: value("done_on"),
    proof: value("proof"),
  });
  reload();
});
