// Inside WeChat only: what its own "send to a friend" and "share to moments" show. Without it WeChat still finds
// the Open Graph title and picture, so nothing here may ever stand in anybody's way.
/*! weixin-js-sdk 1.6.5, MIT License, Copyright (c) 2023 Yanxi */
import wx from "weixin-js-sdk";

const own = document.querySelector("script[data-signature]");
const meta = (name) => document.querySelector(`meta[property="og:${name}"]`)?.content || "";

async function offerCard() {
  const page = location.href.split("#")[0];
  const answer = await fetch(`${own.dataset.signature}?url=${encodeURIComponent(page)}`);
  if (!answer.ok) return; // no card then
  const card = { title: meta("title"), desc: meta("description"), link: meta("url"), imgUrl: meta("image") };
  const jsApiList = ["updateAppMessageShareData", "updateTimelineShareData"];
  wx.config({ debug: false, ...(await answer.json()), jsApiList });
  wx.ready(() => jsApiList.forEach((name) => wx[name](card)));
}

offerCard().catch(() => {});
