// Paying inside WeChat: the button hands the provider's words to WeChat. What came of it, the page learns from the server.
for (const button of document.querySelectorAll("[data-wechat-pay]")) {
  button.addEventListener("click", () => {
    const pay = () => window.WeixinJSBridge.invoke("getBrandWCPayRequest", JSON.parse(button.dataset.wechatPay), () => location.reload());
    if (window.WeixinJSBridge) pay();
    else document.addEventListener("WeixinJSBridgeReady", pay, { once: true });
  });
}
