import type { LinkPreviewOptions } from "grammy/types";
import { badRequest } from "./errors.ts";
import { fieldsOf, flagOf, isObject, jsonOf, type Params } from "./fields.ts";
import { readLink } from "./links.ts";

/** Reads `link_preview_options` (or the old `disable_web_page_preview`). */
export function readPreview(params: Params): LinkPreviewOptions | undefined {
  const value = jsonOf(params, "link_preview_options", "can't parse link preview options JSON object");
  if (value === undefined) return flagOf(params, "disable_web_page_preview") ? { is_disabled: true } : undefined;
  if (!isObject(value)) throw badRequest("object expected as link preview options");
  const fields = fieldsOf(value);
  const options: LinkPreviewOptions = {};
  for (const name of ["is_disabled", "prefer_small_media", "prefer_large_media", "show_above_text"] as const) {
    if (fields.flag(name)) options[name] = true;
  }
  const url = fields.optionalText("url");
  if (url !== "" && !options.is_disabled) {
    if ("fault" in readLink(url)) throw badRequest("WEBPAGE_URL_INVALID");
    options.url = url;
  }
  return options;
}
